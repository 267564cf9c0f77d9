"""Approvals that landed are verified for ever, by the keys that main allowed when they landed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from access.conftest import Team, assemble
from building.world import rollbook

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template
    from building.world import World

STAGES = "registry/credit-approval/stages.yaml"
TAG = "credit-approval#production#4"


def approve(world: World, keys: Path) -> None:
    """Jane has put the version into production, with Bob's approval."""
    team = assemble(world, keys)
    for name, words in {
        "jane": ["promote", "credit-approval@1.0.0", "production", "--reason", "good"],
        "bob": ["approve", "credit-approval@1.0.0", "production"],
    }.items():
        ran = team.run(name, *words)
        assert ran.code == 0, ran.err
    ran = team.run("jane", "land", "rollbook/promote/credit-approval/1.0.0-production")
    assert ran.code == 0, ran.err


@pytest.fixture
def approved(started: Template, keys: Path) -> Team:
    return Team(started(approve, keys), keys)


def findings(team: Team) -> list[str]:
    ran = rollbook(team.world.registry, "audit", "verify")
    return [line.split(": ")[1] for line in ran.out.splitlines() if re.match(r"\S+: RB", line)]


def rewritten(team: Team, old: str, new: str) -> None:
    """Push a change of stages.yaml past the check."""
    path = team.world.registry / STAGES
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    team.world.git("commit", "--quiet", "-am", "Rewrite")
    team.world.git("push", "--quiet", "origin", "main")


def test_an_approval_that_landed_verifies(approved: Team) -> None:
    assert findings(approved) == []


def test_an_approval_under_another_reason_is_found(approved: Team) -> None:
    rewritten(approved, "good", "better")
    ran = rollbook(approved.world.registry, "audit", "verify")
    assert ran.code == 1
    assert f"{TAG}: RB612: bob@example.com did not sign" in ran.out


def test_an_approval_in_another_name_is_found(approved: Team) -> None:
    rewritten(approved, "by: bob@example.com", "by: ana@example.com")
    assert findings(approved) == ["RB612"]


def test_an_approval_stays_good_when_its_key_leaves_the_list(approved: Team) -> None:
    path = approved.world.registry / "registry/allowed_signers"
    path.write_text("".join(line for line in path.open() if not line.startswith("bob@")))
    approved.become("ana")
    approved.world.git("commit", "--quiet", "-am", "Bob leaves")
    approved.world.git("push", "--quiet", "origin", "main")
    assert findings(approved) == []


def test_an_approval_that_lands_is_judged_where_the_rest_was_verified_before(approved: Team) -> None:
    assert findings(approved) == []
    rewritten(approved, "by: bob@example.com", "by: ana@example.com")
    assert findings(approved) == ["RB612"]


def test_an_approval_that_comes_back_with_a_file_that_was_gone_is_found(approved: Team) -> None:
    assert findings(approved) == []
    path = approved.world.registry / STAGES
    before = path.read_bytes()
    path.unlink()
    approved.world.git("commit", "--quiet", "-am", "Take everything out")
    path.write_bytes(before)
    approved.world.git("add", STAGES)
    approved.world.git("commit", "--quiet", "-m", "Put everything back")
    approved.world.git("push", "--quiet", "origin", "main")
    assert "RB612" in findings(approved)
