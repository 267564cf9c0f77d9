"""Would what holds a stage be let in today? Its gates, judged on the version as it stands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from access.conftest import Team, assemble
from building.world import World, git, rollbook

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template

MODEL = "credit-approval"
BRANCH = f"rollbook/promote/{MODEL}/1.0.0-production"
APPROVED = "gates:\n  - {gate: approvals, to: [production], count: 1, role: approver}\n"
BOUND = "  - {gate: metric-threshold, to: [production], metric: auc, min: 0.999}\n"


def _approved(world: World, keys: Path) -> None:
    """Version 1.0.0 came into production with Bob's approval."""
    team = assemble(world, keys)
    team.become("ana")
    world.policy(APPROVED)
    ran = team.run("jane", "promote", f"{MODEL}@1.0.0", "production", "--reason", "good")
    assert ran.code == 0, ran.err
    assert team.run("bob", "approve", f"{MODEL}@1.0.0", "production").code == 0
    team.become("jane")
    world.land(BRANCH)


@pytest.fixture
def served(started: Template, keys: Path) -> Team:
    return Team(started(_approved, keys), keys)


def standing(team: Team, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    ran = rollbook(team.world.registry, "gates", *(arguments or ("--all",)), "--json")
    return ran.code, json.loads(ran.out)["promotions"]


def states(report: dict[str, Any]) -> dict[str, str]:
    return {gate["gate"]: gate["state"] for gate in report["gates"]}


def test_an_approval_on_record_still_counts_after_later_events(served: Team) -> None:
    served.world.run("promote", f"{MODEL}@1.0.0", "archived", "--reason", "rest", "--draft")
    code, (report,) = standing(served)
    assert code == 0
    assert (report["version"], report["from"], report["to"]) == ("1.0.0", "staging", "production")
    assert states(report) == {"approvals": "passed"}


def test_a_gate_that_was_set_later_says_that_the_version_would_not_be_let_in(served: Team) -> None:
    served.become("ana")
    served.world.policy(BOUND)
    code, (report,) = standing(served)
    assert code == 1
    assert states(report) == {"approvals": "passed", "metric-threshold": "failed"}


def test_asked_of_one_version_it_is_the_same(served: Team) -> None:
    assert standing(served, f"{MODEL}@1.0.0", "production") == standing(served)


def test_an_approval_by_a_key_that_is_no_longer_allowed_does_not_count(served: Team) -> None:
    served.become("ana")
    signers = served.world.registry / "registry/allowed_signers"
    signers.write_text("".join(line for line in signers.open() if not line.startswith("bob@")))
    served.world.commit("Bob has left")
    code, (report,) = standing(served)
    assert (code, states(report)) == (1, {"approvals": "waiting"})


def test_a_freeze_does_not_count(served: Team) -> None:
    served.become("ana")
    served.world.policy("freezes:\n  - {from: 2020-01-01, to: 2099-01-01, timezone: UTC, reason: rest}\n")
    assert standing(served)[0] == 0


def test_a_stage_without_gates_is_left_out(world: World) -> None:
    world.register(MODEL, "1.0.0")
    world.promote(f"{MODEL}@1.0.0", "staging")
    ran = world.run("gates", "--all", "--json")
    assert json.loads(ran.out) == {"met": True, "promotions": []}


def test_a_shallow_clone_can_not_tell(served: Team) -> None:
    shallow = served.world.root / "shallow"
    git(served.world.root, "clone", "--quiet", "--depth=1", f"file://{served.world.origin}", str(shallow))
    ran = rollbook(shallow, "gates", "--all")
    assert ran.code == 3
    assert "git fetch --unshallow" in ran.err
