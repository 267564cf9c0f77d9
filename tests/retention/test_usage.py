"""What serves is not stale and keeps its artifact, by evidence and by what a source tells of production."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from building.world import POLICY, World, rollbook
from rollbook import Registry

from .conftest import fill

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template

USAGE = """\
monitoring:
  sources:
    live: {{source: file, path: "{path}"}}
  usage: {{source: live, metric: requests, window: 30d, by: client}}
"""
OLD = "credit@0.1.0"


def ago(days: float) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def deploy(world: World, version: str, target: str = "eu-west", status: str = "passed") -> None:
    world.run(
        "evidence", "add", f"credit@{version}", "deployment", "--status", status,
        "--target", target, "--land",
    )  # fmt: skip


def requests(version: str, value: float, days: float = 1, client: str = "billing") -> dict[str, Any]:
    return {"metric": "requests", "value": value, "version": version, "at": ago(days), "client": client}


def _with_source(world: World) -> None:
    fill(world)
    world.policy(USAGE.format(path="../figures.json"))


@pytest.fixture
def watched(started: Template, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world whose policy asks `figures.json` for usage, where production alone has any."""
    world = started(_with_source)
    monkeypatch.chdir(world.registry)
    says(world, requests("0.3.0", 500))
    return world


def says(world: World, *figures: dict[str, Any]) -> None:
    (world.root / "figures.json").write_text(json.dumps(list(figures)))


def stale(world: World, *options: str, at: str = "2031-01-01") -> dict[str, dict[str, Any]]:
    found = json.loads(world.run("list", "--stale", "90d", "--at", at, "--json", *options).out)
    return {each["version"]: each for each in found}


def whys(world: World) -> dict[str, str]:
    plan = json.loads(world.run("prune", "--dry-run", "--json").out)
    return {each["version"]: each["why"] for each in plan["stays"]}


# --- by evidence -------------------------------------------------------------------------------------------


def test_what_runs_on_a_target_is_never_stale(pruning: World) -> None:
    assert "0.1.0" in stale(pruning)
    deploy(pruning, "0.1.0")
    assert "0.1.0" not in stale(pruning)
    assert "0.4.0" in stale(pruning)


def test_what_was_replaced_is_stale_again_and_says_when_it_served(pruning: World) -> None:
    deploy(pruning, "0.1.0")
    deploy(pruning, "0.3.0")
    found = stale(pruning)["0.1.0"]
    assert found["served"] is not None
    assert found["served"] <= ago(0)
    assert stale(pruning)["0.4.0"]["served"] is None


def test_an_artifact_stays_while_its_version_runs(pruning: World) -> None:
    deploy(pruning, "0.1.0")
    assert whys(pruning)["0.1.0"] == "it runs on eu-west (deployment-1)"
    ran = rollbook(pruning.registry, "prune", OLD, "--reason", "the bucket is full")
    assert (ran.code, "it runs on eu-west" in ran.err) == (1, True)


def test_an_artifact_goes_once_another_version_runs_there(pruning: World) -> None:
    deploy(pruning, "0.1.0")
    deploy(pruning, "0.3.0")
    assert "0.1.0" not in whys(pruning)


def test_monitoring_evidence_keeps_an_artifact_for_the_days_of_the_rules(pruning: World) -> None:
    pruning.run("evidence", "add", OLD, "monitoring", "--status", "failed", "--land")
    assert "0.1.0" not in whys(pruning), "the rules keep nothing for any day"
    pruning.write(POLICY, pruning.read(POLICY).replace("days_there: 0", "days_there: 0\n  keep_days: 30", 1)
                  .replace("  keep_days: 0\n", "", 1))  # fmt: skip
    pruning.commit("Keep for 30 days")
    assert "less than 30 days ago" in whys(pruning)["0.1.0"]


def test_the_check_refuses_a_removal_of_what_runs_by_whatever_hand(pruning: World) -> None:
    pruning.run("prune", OLD, "--reason", "the bucket is full")
    deploy(pruning, "0.1.0")
    ran = rollbook(pruning.registry, "land", "rollbook/prune/credit/0.1.0")
    assert ran.code == 1
    assert "it runs on eu-west" in ran.err


def test_show_says_when_a_version_last_served(pruning: World) -> None:
    deploy(pruning, "0.1.0")
    assert "now, on eu-west (deployment-1)" in pruning.run("show", OLD).out
    told = json.loads(pruning.run("show", OLD, "--json").out)["served"]
    assert (told["told_by"], told["targets"]) == ("deployment-1", ["eu-west"])
    assert json.loads(pruning.run("show", "credit@0.3.0", "--json").out)["served"] is None


# --- by a source -------------------------------------------------------------------------------------------


def now_stale(world: World, *options: str) -> dict[str, dict[str, Any]]:
    """What will not have been used for a week, eight days from now."""
    with Registry.open(world.registry) as registry:
        usage = "--no-usage" not in options
        later = datetime.now(UTC) + timedelta(days=8)
        return {
            each.version: each.as_document() for each in registry.list(stale="1w", usage=usage, now=later)
        }


def test_what_a_source_saw_lately_is_not_stale(watched: World) -> None:
    assert "0.1.0" in now_stale(watched)
    says(watched, requests("0.3.0", 500), requests("0.1.0", 3, days=-7))
    assert "0.1.0" not in now_stale(watched)
    assert "0.1.0" in now_stale(watched, "--no-usage")
    assert "0.4.0" in now_stale(watched)


def test_no_requests_are_no_use(watched: World) -> None:
    says(watched, requests("0.3.0", 500), requests("0.1.0", 0))
    assert "0.1.0" in now_stale(watched)


def test_while_the_source_is_down_nothing_is_stale_and_that_is_said(watched: World) -> None:
    (watched.root / "figures.json").unlink()
    ran = watched.run("list", "--stale", "90d", "--at", "2031-01-01")
    assert len(ran.out.splitlines()) == 1
    assert "nobody can tell whether" in ran.err
    assert "--no-usage" not in ran.err
    with Registry.open(watched.registry) as registry:
        listed = registry.list(stale="90d", now=datetime(2031, 1, 1, tzinfo=UTC))
    assert listed == []
    assert ("credit", "0.1.0") in listed.unknown
    assert "0.1.0" in stale(watched, "--no-usage")


def test_a_source_that_tells_nothing_even_of_production_is_not_believed(watched: World) -> None:
    says(watched)
    assert "not even of 0.3.0" in whys(watched)["0.1.0"]


def test_an_artifact_stays_when_a_source_saw_its_version_lately(watched: World) -> None:
    assert "0.1.0" not in whys(watched)
    says(watched, requests("0.3.0", 500), requests("0.1.0", 3, days=2))
    assert "(live), less than 30 days ago" in whys(watched)["0.1.0"]
    says(watched, requests("0.3.0", 500), requests("0.1.0", 3, days=40))
    assert "0.1.0" not in whys(watched)


def test_an_artifact_stays_while_the_source_is_down(watched: World) -> None:
    (watched.root / "figures.json").write_text("{")
    assert "nobody can tell whether it still serves: live" in whys(watched)["0.1.0"]
    ran = rollbook(watched.registry, "prune", "--reason", "the bucket is full")
    assert ran.code == 1


def test_storage_names_what_is_cold_and_when_it_served(watched: World) -> None:
    says(watched, requests("0.3.0", 500), requests("0.4.0", 3), requests("0.1.0", 7, days=60))
    with Registry.open(watched.registry) as registry:
        later = datetime.now(UTC) + timedelta(days=8)
        report = registry.storage(cold="1w", now=later)
        assert {each.version for each in report.cold} >= {"0.1.0", "0.5.0"}
        later = datetime.now(UTC) + timedelta(days=1)
        assert not registry.storage(cold="1w", now=later).cold
    watched.run("storage", "--cold", "90d", "--at", "2031-01-01")
    (watched.root / "figures.json").unlink()
    report = json.loads(watched.run("storage", "--cold", "90d", "--at", "2031-01-01", "--json").out)
    assert report["cold"] == []
    assert "0.1.0" in {each["version"] for each in report["use_unknown"]}


def test_whoever_deprecates_a_version_is_told_who_uses_it(watched: World) -> None:
    says(watched, requests("0.1.0", 1200, 1, "billing"), requests("0.1.0", 30, 2, "fraud\x1b[31m"))
    deploy(watched, "0.1.0")
    ran = watched.run(
        "deprecate", "credit@0.1.0", "--reason", "old", "--replacement", "credit@0.3.0",
        "--sunset", "2099-01-01", "--migration", "Same inputs.",
    )  # fmt: skip
    assert "credit@0.1.0 still runs on eu-west" in ran.err
    assert "got 1,230 requests" in ran.err
    assert "billing (1,200, " in ran.err
    assert "\x1b" not in ran.err


def test_the_json_of_a_deprecation_says_who_uses_the_version(watched: World) -> None:
    says(watched, requests("0.1.0", 12))
    told = json.loads(
        watched.run(
            "deprecate", "credit@0.1.0", "--reason", "old", "--replacement", "credit@0.3.0",
            "--sunset", "2099-01-01", "--migration", "Same inputs.", "--json",
        ).out
    )  # fmt: skip
    assert told["served"]["requests"] == 12
    assert [each["name"] for each in told["served"]["callers"]] == ["billing"]
    assert told["use_unknown"] is None


def test_a_source_that_is_down_holds_no_deprecation_up(watched: World) -> None:
    (watched.root / "figures.json").unlink()
    ran = watched.run("archive", "credit@0.4.0", "--reason", "old")
    assert "may still be used: live" in ran.err


def test_the_monitor_says_what_serves_and_for_whom(watched: World) -> None:
    says(watched, requests("0.3.0", 500), requests("0.1.0", 3))
    deploy(watched, "0.5.0")
    told = json.loads(watched.run("monitor", "usage", "credit", "--json").out)
    found = {each["version"]: each["served"] for each in told["versions"]}
    assert {version: one["told_by"] for version, one in found.items()} == {
        "0.1.0": "live", "0.3.0": "live", "0.5.0": "deployment-1",
    }  # fmt: skip
    assert found["0.3.0"]["callers"][0]["name"] == "billing"
    table = watched.run("monitor", "usage").out.splitlines()
    assert table[0].split("\t")[:4] == ["model", "version", "stage", "last served"]
    assert len(table) == 4


# --- whose policy counts -----------------------------------------------------------------------------------


def test_a_branch_that_is_checked_out_names_no_source(watched: World, tmp_path: Path) -> None:
    ran_it = tmp_path / "ran"
    watched.git("switch", "--quiet", "--create", "mine")
    text = watched.read(POLICY).replace(
        'live: {source: file, path: "../figures.json"}', f"live: {{source: command, run: [touch, {ran_it}]}}"
    )
    assert str(ran_it) in text
    watched.write(POLICY, text)
    watched.git("commit", "--quiet", "--all", "--message", "Run something")
    watched.run("monitor", "usage")
    assert not ran_it.exists()


def test_a_registry_at_an_address_has_its_source_not_asked(watched: World) -> None:
    says(watched, requests("0.3.0", 500))
    ran = watched.run("list", "--stale", "90d", "--at", "2031-01-01", "--repo", str(watched.registry))
    assert "read at its address" in ran.err
    assert len(ran.out.splitlines()) == 1
