"""Which figures are compared, and what is unknown."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from .conftest import MODEL

if TYPE_CHECKING:
    from .conftest import Canary


def ago(**before: float) -> str:
    return (datetime.now(UTC) - timedelta(**before)).isoformat()


def write(canary: Canary, *figures: dict[str, Any]) -> None:
    usual = {"metric": "error_rate", "value": 0.02, "samples": 10_000, "at": ago(minutes=1)}
    canary.live.write_text(json.dumps([{**usual, **figure} for figure in figures]))


def test_the_verdict_and_what_bounds_it_are_told(canary: Canary) -> None:
    canary.monitored("none").no_worse()
    told = canary.told()
    assert told["verdict"] == "promote"
    assert told["at_least"] < told["worse_by"] < told["at_most"] < told["least_difference"] == 0.02
    assert (told["canary"], told["production"], told["traffic"]) == ("1.1.0", "1.0.0", 5)


def test_while_too_little_is_known_it_waits_and_says_how_much_is_missing(canary: Canary) -> None:
    canary.monitored("none").serves((0.02, 500), (0.02, 9_500))
    told = canary.told()
    assert told["verdict"] == "wait"
    needed = round(1.1 * (500 + told["missing_samples"]))
    canary.serves((0.02, needed), (0.02, 19 * needed))
    assert canary.told()["verdict"] == "promote"


def test_fewer_samples_than_asked_for_are_unknown(canary: Canary) -> None:
    canary.monitored("none").serves((0.5, 99), (0.02, 9_500))
    told = canary.told()
    assert (told["verdict"], told["missing_samples"]) == ("unknown", 1)


def test_without_figures_of_either_version_nothing_is_known(canary: Canary) -> None:
    canary.monitored("none").serves(None, (0.02, 9_500))
    assert canary.told()["verdict"] == "unknown"
    canary.serves((0.02, 9_500), None)
    assert canary.told()["verdict"] == "unknown"


def test_figures_from_before_the_share_changed_do_not_count(canary: Canary) -> None:
    canary.monitored("none")
    write(canary, {"version": "1.1.0", "at": ago(days=3)}, {"version": "1.0.0"})
    told = canary.told()
    assert told["verdict"] == "unknown"
    assert "no figure of 1.1.0" in told["message"]


def test_figures_of_different_times_are_not_compared(canary: Canary) -> None:
    canary.monitored("none")
    write(canary, {"version": "1.1.0", "at": ago(days=1)}, {"version": "1.0.0"})
    told = canary.told()
    assert told["verdict"] == "unknown"
    assert "different times" in told["message"]


def test_figures_of_parts_are_added_up(canary: Canary) -> None:
    canary.monitored("none")
    hours = [
        {"version": version, "value": value, "samples": samples, "at": ago(hours=hour)}
        for hour, value in ((1, 0.01), (2, 0.03))
        for version, samples in (("1.1.0", 4_000), ("1.0.0", 50_000))
    ]
    write(canary, *hours)
    told = canary.told()
    assert told["figures"]["canary"] == {"value": 0.02, "samples": 8_000}
    assert told["figures"]["production"] == {"value": 0.02, "samples": 100_000}


def test_figures_without_samples_are_unknown(canary: Canary) -> None:
    canary.monitored("none")
    write(canary, {"version": "1.1.0", "samples": None}, {"version": "1.0.0"})
    told = canary.told()
    assert told["verdict"] == "unknown"
    assert "on how many samples" in told["message"]


def test_what_is_no_proportion_is_unknown(canary: Canary) -> None:
    canary.monitored("none").serves((1.5, 5_000), (0.02, 95_000))
    assert canary.told()["verdict"] == "unknown"


def test_a_source_that_is_down_is_unknown(canary: Canary) -> None:
    canary.monitored("land")
    told = canary.told()
    assert (told["verdict"], told["deeds"]) == ("unknown", [])


def test_without_a_version_in_production_nothing_is_compared(canary: Canary) -> None:
    canary.world.run("archive", f"{MODEL}@1.0.0", "--reason", "The end", "--land")
    canary.monitored("land").worse()
    told = canary.told()
    assert (told["verdict"], told["deeds"]) == ("unknown", [])
    assert "production" in told["message"]


def test_a_model_without_a_canary_is_passed_over(canary: Canary) -> None:
    canary.world.run("promote", f"{MODEL}@1.1.0", "staging", "--reason", "Back", "--land")
    canary.monitored("land").worse()
    ran = canary.run("--json")
    assert json.loads(ran.out)["canaries"] == []


def test_without_settings_nothing_is_compared_and_it_says_where_they_go(canary: Canary) -> None:
    ran = canary.run()
    assert ran.code == 0
    assert "monitoring.canary" in ran.err


def test_a_canary_that_never_gets_a_verdict_is_left_to_a_person(canary: Canary) -> None:
    canary.monitored("land")
    policy = canary.world.read("registry/policy.yaml")
    canary.world.write(
        "registry/policy.yaml", policy.replace("    act: land", "    act: land\n    window: 1d")
    )
    canary.world.commit("A shorter window")
    early = ago(days=1.5)
    write(
        canary,
        {"version": "1.1.0", "samples": 200, "at": early},
        {"version": "1.0.0", "at": early},
    )
    told = canary.told()
    assert (told["verdict"], told["deeds"]) == ("unknown", [])
    assert "a person has to decide" in told["message"]


def test_a_model_whose_own_monitoring_can_not_be_read_is_unknown_and_says_so(canary: Canary) -> None:
    canary.monitored("land").worse()
    path = f"registry/{MODEL}/model.yaml"
    canary.world.write(path, canary.world.read(path) + "monitoring: {checks: [{check: threshold}]}\n")
    canary.world.commit("Break it")
    told = canary.told()
    assert (told["verdict"], told["deeds"]) == ("unknown", [])
    assert "its own monitoring" in told["message"]


def test_the_time_begins_anew_when_production_changes(canary: Canary) -> None:
    canary.monitored("none")
    canary.world.register(MODEL, "1.0.1")
    canary.world.promote(f"{MODEL}@1.0.1", "staging")
    canary.world.promote(f"{MODEL}@1.0.1", "production")
    write(canary, {"version": "1.1.0", "at": ago(hours=1)}, {"version": "1.0.1", "at": ago(hours=1)})
    told = canary.told()
    assert (told["production"], told["verdict"]) == ("1.0.1", "unknown")


def test_means_without_any_spread_are_unknown(canary: Canary) -> None:
    canary.monitored("land")
    policy = canary.world.read("registry/policy.yaml")
    canary.world.write(
        "registry/policy.yaml", policy.replace("    act: land", "    act: land\n    kind: mean")
    )
    canary.world.commit("A mean")
    both = [{"version": "1.1.0"}, {"version": "1.0.0"}]
    at = ago(minutes=1)
    spread = [{**one, "metric": "error_rate_stddev", "value": 0, "at": at} for one in both]
    write(canary, *({**one, "at": at} for one in both), *spread)
    told = canary.told()
    assert (told["verdict"], told["deeds"]) == ("unknown", [])
    assert "no spread" in told["message"]
