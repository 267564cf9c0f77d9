"""A rollback is judged by the gates that say so; the others are waived, on record."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

from building.world import World, rollbook

if TYPE_CHECKING:
    from building.once import Template

MODEL = "credit-approval"
STAGES = f"registry/{MODEL}/stages.yaml"
BACK = f"rollbook/rollback/{MODEL}/1.0.0-production"
THRESHOLD = "  - {gate: metric-threshold, to: [production], metric: auc, min: 0.9%s}\n"


def _served(world: World) -> None:
    """Version 1.0.0, of which no metric is known, was in production; 1.1.0 is."""
    for version in ("1.0.0", "1.1.0"):
        world.register(MODEL, version)
        world.promote(f"{MODEL}@{version}", "staging")
        world.promote(f"{MODEL}@{version}", "production")


@pytest.fixture
def served(started: Template) -> World:
    return started(_served)


def guarded(world: World, gate: str = THRESHOLD % "") -> World:
    world.policy(f"gates:\n{gate}")
    return world


def roll_back(world: World, *options: str) -> tuple[int, str]:
    ran = rollbook(world.registry, "rollback", MODEL, "--reason", "errors", *options)
    return ran.code, ran.err


def test_a_threshold_is_waived_and_the_rollback_says_so(served: World) -> None:
    code, said = roll_back(guarded(served), "--land")
    assert code == 0, said
    assert "waived for the rollback: metric-threshold" in said


def test_what_was_waived_stands_in_the_entry_and_in_the_tag(served: World) -> None:
    roll_back(guarded(served), "--land")
    table = yaml.safe_load(served.git("show", f"main:{STAGES}"))
    assert table["production"]["waived"] == ["metric-threshold"]
    events = json.loads(served.run("history", MODEL, "--json").out)
    reasons = [event["reason"] for event in events if event["to"] == "production"]
    assert reasons[-1] == "errors (waived: metric-threshold)"
    served.run("audit", "verify")


def test_a_gate_that_would_pass_is_not_waived(served: World) -> None:
    guarded(served, "  - {gate: required-fields, to: [production], fields: [model.owner]}\n")
    code, said = roll_back(served)
    assert code == 0
    assert "waived" not in said


def test_a_gate_that_the_policy_enforces_refuses_a_rollback_too(served: World) -> None:
    code, said = roll_back(guarded(served, THRESHOLD % ", rollback: enforced"))
    assert code == 1
    assert "fails metric-threshold" in said
    assert served.git("branch", "--list", BACK) == ""


def test_approvals_are_enforced_unless_the_policy_waives_them(served: World) -> None:
    guarded(served, "  - {gate: approvals, to: [production], count: 1}\n")
    code, said = roll_back(served, "--land")
    assert code == 1
    assert f"rollbook approve {MODEL}@1.0.0 production" in said


def test_a_policy_may_waive_approvals(served: World) -> None:
    guarded(served, "  - {gate: approvals, to: [production], count: 1, rollback: waived}\n")
    code, said = roll_back(served, "--land")
    assert code == 0, said


def test_a_promotion_that_is_no_rollback_waives_nothing(served: World) -> None:
    guarded(served)
    served.register(MODEL, "1.2.0")
    served.promote(f"{MODEL}@1.2.0", "staging")
    ran = rollbook(served.registry, "promote", f"{MODEL}@1.2.0", "production", "--reason", "new", "--draft")
    assert "fails metric-threshold" in ran.err or ran.code == 0
    assert rollbook(served.registry, "land", f"rollbook/promote/{MODEL}/1.2.0-production").code == 1


def _by_hand(world: World, version: str, waived: str) -> str:
    """Propose a move into production whose entry says by hand that gates are waived."""
    entry = "reason: r, requested_by: jane@example.com, requested_at: 2026-11-21T09:00:00Z"
    world.git("switch", "--quiet", "--create", "by-hand")
    table = yaml.safe_load(world.read(STAGES))
    table = {stage: held for stage, held in table.items() if stage != "production"}
    for stage in list(table):
        table[stage] = [item for item in table[stage] if item["version"] != version]
    table.setdefault("archived", []).append({"version": "1.1.0", **yaml.safe_load(f"{{{entry}}}")})
    text = yaml.safe_dump({stage: held for stage, held in table.items() if held})
    world.write(STAGES, f'{text}production: {{version: "{version}", {entry}, waived: [{waived}]}}\n')
    world.git("commit", "--quiet", "--all", "-m", "By hand")
    world.git("switch", "--quiet", "main")
    return "by-hand"


def test_nobody_waives_a_gate_by_writing_so_for_what_is_no_rollback(served: World) -> None:
    guarded(served)
    served.register(MODEL, "1.2.0")
    served.promote(f"{MODEL}@1.2.0", "staging")
    ran = rollbook(served.registry, "land", _by_hand(served, "1.2.0", "metric-threshold"))
    assert ran.code == 1
    assert "RB401" in ran.err
    assert "RB312" in ran.err


def test_a_gate_is_not_said_to_be_waived_that_is_not(served: World) -> None:
    guarded(served)
    ran = rollbook(served.registry, "land", _by_hand(served, "1.0.0", "metric-threshold, approvals"))
    assert ran.code == 1
    assert "RB312" in ran.err
    assert "RB401" not in ran.err


def test_what_was_waived_is_an_exception_in_the_report(served: World) -> None:
    roll_back(guarded(served), "--land")
    report = served.run("history", "--report", "2020-01-01..2099-01-01").out
    assert "metric-threshold was waived" in report
