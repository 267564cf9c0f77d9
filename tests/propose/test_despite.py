"""`--despite`: failed evidence of monitoring is set aside by a move that names it, and says why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

from building.world import rollbook

if TYPE_CHECKING:
    from building.once import Template
    from building.world import Ran, World

MODEL = "credit-approval"
STAGES = f"registry/{MODEL}/stages.yaml"
BROKEN = f"{MODEL}@1.1.0"
GATES = """\
gates:
  - {gate: monitoring, to: [production, "@champion"]}
"""


def _monitored(world: World) -> None:
    """1.1.0 was in production, failed there, and was rolled back to 1.0.0."""
    world.policy(GATES)
    for version in ("1.0.0", "1.1.0"):
        world.register(MODEL, version)
        world.promote(f"{MODEL}@{version}", "staging")
        world.promote(f"{MODEL}@{version}", "production")
    observed(world)
    world.run("rollback", MODEL, "--reason", "errors", "--land")


@pytest.fixture
def monitored(started: Template) -> World:
    return started(_monitored)


def observed(world: World, status: str = "failed") -> None:
    world.run("evidence", "add", BROKEN, "monitoring", "--status", status, "--land")


def again(world: World, *options: str) -> Ran:
    return rollbook(world.registry, "promote", BROKEN, "production", "--reason", "fixed", *options)


def test_what_failed_is_not_promoted_again_without_a_word(monitored: World) -> None:
    ran = again(monitored)
    assert ran.code == 1
    assert "fails monitoring: monitoring-1 failed" in ran.err
    assert f"rollbook promote {BROKEN} production --despite REASON" in ran.err


def test_with_a_word_it_is_and_the_trail_keeps_it(monitored: World) -> None:
    ran = again(monitored, "--despite", "the labels were wrong", "--land")
    assert ran.code == 0, ran.err
    assert "set aside: monitoring-1 (the labels were wrong)" in ran.err
    entry = yaml.safe_load(monitored.git("show", f"main:{STAGES}"))["production"]
    assert entry["despite"] == {"evidence": ["monitoring-1"], "reason": "the labels were wrong"}
    events = json.loads(monitored.run("history", MODEL, "--json").out)
    reasons = [event["reason"] for event in events if event["to"] == "production"]
    assert reasons[-1] == "fixed (despite monitoring-1: the labels were wrong)"
    assert "set aside monitoring-1" in monitored.run("show", BROKEN).out
    monitored.run("audit", "verify")


def test_what_was_answered_once_is_not_asked_again_and_what_is_new_is(monitored: World) -> None:
    again(monitored, "--despite", "the labels were wrong", "--land")
    monitored.run("rollback", MODEL, "--to", "1.0.0", "--reason", "errors again", "--land")
    observed(monitored)
    assert "monitoring-2 failed" in again(monitored).err
    ran = again(monitored, "--despite", "noise", "--land")
    assert ran.code == 0, ran.err
    assert "set aside: monitoring-2 (noise)" in ran.err


def test_a_rollback_to_it_needs_a_word_too(monitored: World) -> None:
    back = ("rollback", MODEL, "--to", "1.1.0", "--reason", "1.0.0 is worse")
    ran = rollbook(monitored.registry, *back)
    assert (ran.code, "fails monitoring" in ran.err) == (1, True)
    ran = rollbook(monitored.registry, *back, "--despite", "1.0.0 is worse", "--land")
    assert ran.code == 0, ran.err
    assert "waived" not in ran.err


def test_and_so_does_an_alias_that_the_gate_guards(monitored: World) -> None:
    alias = ("alias", BROKEN, "champion", "--reason", "best")
    ran = rollbook(monitored.registry, *alias)
    assert (ran.code, f"rollbook alias {BROKEN} champion --despite REASON" in ran.err) == (1, True)
    ran = rollbook(monitored.registry, *alias, "--despite", "on paper", "--land")
    assert ran.code == 0, ran.err
    entry = yaml.safe_load(monitored.git("show", f"main:{STAGES}"))["aliases"]["champion"]
    assert entry["despite"] == {"evidence": ["monitoring-1"], "reason": "on paper"}


def test_nothing_is_set_aside_where_nothing_failed(monitored: World) -> None:
    back = ("promote", f"{MODEL}@1.0.0", "deprecated", "--reason", "r", "--despite", "r")
    ran = rollbook(monitored.registry, *back)
    assert ran.code == 2
    assert "no failed evidence of monitoring about credit-approval@1.0.0" in ran.err


def test_a_word_is_needed(monitored: World) -> None:
    ran = again(monitored, "--despite", "  ")
    assert (ran.code, "evidence is set aside for a reason" in ran.err) == (2, True)


def test_taking_an_alias_away_sets_nothing_aside(monitored: World) -> None:
    ran = rollbook(monitored.registry, "alias", BROKEN, "x", "--remove", "--reason", "r", "--despite", "r")
    assert ran.code == 2
