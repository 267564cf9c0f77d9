"""What the monitor does on a verdict: the next share, production, the way back; each once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from building.world import rollbook

from .conftest import MODEL

if TYPE_CHECKING:
    import pytest

    from .conftest import Canary

SHARE = f"rollbook/promote/{MODEL}/1.1.0-canary"
PRODUCTION = f"rollbook/promote/{MODEL}/1.1.0-production"
BACK = f"rollbook/rollback/{MODEL}/1.1.0-staging"
EVIDENCE = f"rollbook/evidence/{MODEL}/1.1.0-monitoring-1"


def evidence(canary: Canary) -> list[dict[str, Any]]:
    """The evidence of the canary on main."""
    shown = json.loads(canary.world.run("show", f"{MODEL}@1.1.0", "--rev", "main", "--json").out)
    return [one for one in shown["evidence"] if one["kind"] == "monitoring"]


def test_a_canary_that_is_no_worse_gets_the_next_share(canary: Canary) -> None:
    canary.monitored("land").no_worse()
    told = canary.told()
    assert (told["verdict"], told["problem"]) == ("promote", None)
    assert told["deeds"] == ["landed monitoring-1", "landed canary at 25 %"]
    entry = canary.entry()
    assert (entry["stage"], entry["traffic"]) == ("canary", 25)
    assert "(monitoring-1)" in entry["reason"]


def test_the_evidence_tells_the_figures_the_window_and_the_verdict(canary: Canary) -> None:
    canary.monitored("land").no_worse()
    canary.run()
    (one,) = evidence(canary)
    assert one["passed"] is True
    assert (one["metrics"]["canary"], one["metrics"]["canary_samples"]) == (0.02, 5000)
    assert (one["metrics"]["production"], one["metrics"]["production_samples"]) == (0.02, 95_000)
    told = one["extra"]["canary"]
    assert (told["production"], told["traffic"], told["verdict"]) == ("1.0.0", 5, "promote")
    assert told["since"] < told["until"]


def test_after_a_new_share_the_comparison_begins_anew(canary: Canary) -> None:
    canary.monitored("land").no_worse()
    canary.run()
    told = canary.told()
    assert (told["verdict"], told["deeds"]) == ("unknown", [])
    assert canary.entry()["traffic"] == 25


def test_a_canary_that_is_worse_goes_back_and_the_evidence_has_failed(canary: Canary) -> None:
    canary.monitored("land").worse()
    told = canary.told()
    assert (told["verdict"], told["problem"]) == ("stop", None)
    assert canary.entry()["stage"] == "staging"
    assert [one["passed"] for one in evidence(canary)] == [False]


def test_after_the_last_share_production_is_asked_for_and_never_landed(canary: Canary) -> None:
    canary.monitored("land")
    canary.world.write(
        "registry/policy.yaml",
        canary.world.read("registry/policy.yaml").replace("[5, 25, 50]", "[3, 5]"),
    )
    canary.world.commit("Fewer shares")
    canary.no_worse()
    told = canary.told()
    assert (told["verdict"], told["problem"]) == ("promote", None)
    assert canary.entry()["stage"] == "canary"
    assert canary.requests() == [PRODUCTION]
    assert canary.told()["deeds"] == [f"{PRODUCTION} stands already"]


def test_where_the_policy_only_proposes_the_request_follows_the_evidence_once(canary: Canary) -> None:
    canary.monitored("propose").no_worse()
    canary.run()
    canary.run()
    assert canary.requests() == [EVIDENCE]
    canary.world.land(EVIDENCE)
    canary.run()
    canary.run()
    assert canary.requests() == [SHARE]
    assert canary.entry()["traffic"] == 5
    canary.world.land(SHARE)
    assert canary.entry()["traffic"] == 25


def test_evidence_may_land_where_the_step_is_only_proposed(canary: Canary) -> None:
    canary.monitored("propose", evidence="land").worse()
    canary.run()
    assert canary.requests() == [BACK]
    assert len(evidence(canary)) == 1


def test_requests_go_to_the_remote_and_are_found_there_by_another_clone(canary: Canary) -> None:
    canary.monitored("propose", evidence="land").worse()
    canary.run()
    world = canary.world
    world.git("clone", "--quiet", str(world.origin), str(world.root / "other"))
    ran = rollbook(world.root / "other", "monitor", "--canary", "--json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["canaries"][0]["deeds"] == [f"{BACK} stands already"]


def test_what_a_person_has_rejected_is_not_asked_for_again(canary: Canary) -> None:
    canary.monitored("propose", evidence="land").worse()
    canary.run()
    canary.world.run("reject", BACK, "--reason", "We look at it first")
    told = canary.told()
    assert told["deeds"] == ["staging was asked for and rejected: a person decides"]
    assert canary.requests() == []


def test_a_run_that_was_cut_off_after_the_evidence_is_finished_by_the_next(canary: Canary) -> None:
    canary.monitored("propose").worse()
    canary.run()
    canary.world.land(EVIDENCE)
    _may_land(canary)
    assert canary.told()["deeds"] == ["landed staging"]
    assert len(evidence(canary)) == 1


def test_somebody_elses_request_for_the_share_stands_and_is_not_landed(canary: Canary) -> None:
    canary.monitored("land").no_worse()
    canary.world.run(
        "promote", f"{MODEL}@1.1.0", "canary", "--traffic", "10", "--reason", "A little more", "--push"
    )
    assert f"{SHARE} stands already" in canary.told()["deeds"]
    assert canary.entry()["traffic"] == 5


def test_a_dry_run_says_what_it_would_do_and_does_nothing(canary: Canary) -> None:
    canary.monitored("land").no_worse()
    before = canary.world.git("show-ref")
    told = canary.told("--dry-run")
    assert told["deeds"] == ["would land monitoring evidence, then ask for canary at 25 %"]
    assert canary.world.git("show-ref") == before


def test_where_the_policy_lets_it_do_nothing_the_verdict_alone_is_said(canary: Canary) -> None:
    canary.monitored("none").worse()
    told = canary.told()
    assert (told["verdict"], told["deeds"]) == ("stop", [])
    assert canary.requests() == []


def test_what_the_gates_refuse_is_said_loudly_and_stands(canary: Canary) -> None:
    canary.world.policy("gates:\n  - {gate: evidence, to: [canary], kind: fairness}\n")
    canary.monitored("land").no_worse()
    ran = canary.run()
    assert ran.code == 1
    assert "not done" in ran.err
    assert canary.entry()["traffic"] == 5


def test_a_model_may_take_back_what_the_policy_lets_the_monitor_do(canary: Canary) -> None:
    canary.monitored("land").worse()
    path = f"registry/{MODEL}/model.yaml"
    canary.world.write(path, canary.world.read(path) + "monitoring: {canary: {act: none}}\n")
    canary.world.commit("Nothing by itself")
    assert canary.told()["deeds"] == []


def test_a_push_that_loses_a_race_is_finished_by_the_next_run(canary: Canary) -> None:
    canary.monitored("land").worse()
    hook = canary.world.origin / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    assert canary.run().code == 1
    assert canary.entry()["stage"] == "canary"
    hook.unlink()
    told = canary.told()
    assert told["problem"] is None, told
    assert canary.entry()["stage"] == "staging"
    assert len(evidence(canary)) == 1


def test_a_run_that_was_cut_off_before_it_pushed_the_request_is_finished_by_the_next(canary: Canary) -> None:
    canary.monitored("propose", evidence="land").worse()
    canary.run()
    canary.world.git("push", "--quiet", "origin", "--delete", BACK)
    told = canary.told()
    assert told["deeds"] == [f"proposed staging on {BACK}"]
    assert canary.world.git("ls-remote", "origin", f"refs/heads/{BACK}")


def test_the_evidence_gets_a_number_that_no_request_on_the_remote_has(canary: Canary) -> None:
    canary.monitored("propose").no_worse()
    world = canary.world
    world.run("evidence", "add", f"{MODEL}@1.1.0", "monitoring", "--status", "passed", "--push")
    world.git("branch", "-D", EVIDENCE)
    other = EVIDENCE.replace("monitoring-1", "monitoring-2")
    then = "canary at 25 % follows once it has landed"
    assert canary.told()["deeds"] == [f"proposed monitoring-2 on {other}; {then}"]


def test_a_request_with_stages_that_nobody_can_read_stops_nothing_but_the_step(canary: Canary) -> None:
    canary.monitored("land").no_worse()
    world = canary.world
    world.git("switch", "--quiet", "--create", SHARE)
    world.write(f"registry/{MODEL}/stages.yaml", "[")
    world.git("commit", "--quiet", "--all", "-m", "Break it")
    world.git("push", "--quiet", "origin", SHARE)
    world.git("switch", "--quiet", "main")
    told = canary.told()
    assert (told["deeds"], told["problem"]) == (["landed monitoring-1", f"{SHARE} stands already"], None)


def test_evidence_that_a_person_has_rejected_is_not_proposed_again(canary: Canary) -> None:
    canary.monitored("propose").no_worse()
    canary.run()
    canary.world.run("reject", EVIDENCE, "--reason", "The figures are wrong")
    assert canary.told()["deeds"] == ["the evidence was proposed and rejected: a person decides"]
    assert canary.requests() == []


def test_evidence_that_stands_only_on_the_remote_is_not_landed_for_whoever_pushed_it(canary: Canary) -> None:
    canary.monitored("propose").no_worse()
    canary.run()
    _may_land(canary)
    canary.world.git("branch", "-D", EVIDENCE)
    assert canary.told()["deeds"] == [f"monitoring-1 waits to land ({EVIDENCE}): canary at 25 % follows then"]
    assert evidence(canary) == []


def test_a_request_that_changes_something_besides_is_not_landed(canary: Canary) -> None:
    canary.monitored("propose").no_worse()
    canary.run()
    _may_land(canary)
    world = canary.world
    world.git("switch", "--quiet", EVIDENCE)
    world.write("README.md", "Something else")
    world.git("add", "README.md")
    world.git("commit", "--quiet", "-m", "Add something else")
    world.git("switch", "--quiet", "main")
    assert "waits to land" in canary.told()["deeds"][0]


def test_evidence_that_an_earlier_run_proposed_lands_once_it_may(canary: Canary) -> None:
    canary.monitored("propose").no_worse()
    canary.run()
    _may_land(canary)
    assert canary.told()["deeds"] == ["landed monitoring-1", "landed canary at 25 %"]


def _may_land(canary: Canary) -> None:
    path = "registry/policy.yaml"
    canary.world.write(path, canary.world.read(path).replace("act: propose", "act: land"))
    canary.world.commit("Let it land")


def test_a_monitor_with_no_role_but_automation_lands_shares(
    canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary.monitored("land").no_worse()
    canary.world.policy("roles: {admin: [jane@example.com], automation: [bot@example.com]}\n")
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "bot@example.com")
    told = canary.told()
    assert told["problem"] is None
    assert canary.entry()["traffic"] == 25
    assert canary.entry()["requested_by"] == "bot@example.com"


def test_a_log_of_requests_is_compared_by_a_column(canary: Canary) -> None:
    log = canary.live.with_suffix(".parquet")
    rows = 4_000
    at = datetime.now(UTC) - timedelta(minutes=1)
    pq.write_table(
        pa.table(
            {
                "version": ["1.1.0", "1.0.0"] * rows,
                "time": [at] * (2 * rows),
                "failed": [number % 50 == 0 for number in range(rows) for _ in range(2)],
            }
        ),
        log,
    )
    canary.world.policy(
        f"monitoring:\n  sources: {{live: {{source: log, path: {log}, model: {MODEL}}}}}\n"
        "  canary: {source: live, column: failed, least_difference: 0.02}\n"
    )
    told = canary.told()
    assert told["verdict"] == "promote", told["message"]
    assert told["figures"]["canary"] == {"value": 0.02, "samples": rows}
