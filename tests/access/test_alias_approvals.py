"""An alias that gates guard waits for people, as a stage does: signed, landed, verified for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from access.conftest import Team, assemble
from building.world import rollbook

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template
    from building.world import World

MODEL = "credit-approval"
STAGES = f"registry/{MODEL}/stages.yaml"
BRANCH = f"rollbook/alias/{MODEL}/1.0.0-champion"
GATES = "gates:\n  - {gate: approvals, to: ['@champion'], count: 1}\n"


def propose(world: World, keys: Path) -> None:
    """Bob has to approve who is champion; Jane has proposed a version."""
    team = assemble(world, keys)
    team.become("ana")
    world.policy(GATES)
    ran = team.run("jane", "alias", f"{MODEL}@1.0.0", "champion", "--reason", "good")
    assert ran.code == 0, ran.err


@pytest.fixture
def proposed(started: Template, keys: Path) -> Team:
    return Team(started(propose, keys), keys)


def approve(team: Team) -> None:
    ran = team.run("bob", "approve", f"{MODEL}@1.0.0", "@champion")
    assert (ran.code, ran.out) == (0, f"{BRANCH}\n"), ran.err
    assert "  to: @champion\n" in ran.err


def land(team: Team, branch: str = BRANCH) -> None:
    ran = team.run("jane", "land", branch)
    assert ran.code == 0, ran.err


def test_it_waits_until_somebody_approves(proposed: Team) -> None:
    ran = proposed.check(BRANCH)
    assert (ran.code, "waits for approvals" in ran.out) == (1, True)
    assert f"rollbook approve {MODEL}@1.0.0 @champion" in ran.out
    approve(proposed)
    assert proposed.check(BRANCH).code == 0


def test_an_approval_that_landed_verifies_and_stands_in_the_tag(proposed: Team) -> None:
    approve(proposed)
    land(proposed)
    ran = rollbook(proposed.world.registry, "audit", "verify")
    assert ran.code == 0, ran.out
    tag = proposed.world.git("tag", "-l", "--format=%(contents)", f"{MODEL}#champion#*")
    assert "Action: alias-set\n" in tag
    assert "To: @champion\n" in tag
    assert "Approved-By: bob@example.com\n" in tag


def test_an_approval_under_another_reason_is_found(proposed: Team) -> None:
    approve(proposed)
    land(proposed)
    path = proposed.world.registry / STAGES
    path.write_text(path.read_text().replace("reason: good", "reason: better"))
    proposed.world.commit("Rewrite")
    ran = rollbook(proposed.world.registry, "audit", "verify")
    assert (ran.code, "RB612: bob@example.com did not sign" in ran.out) == (1, True)


def test_the_requester_can_not_approve(proposed: Team) -> None:
    ran = proposed.run("jane", "approve", f"{MODEL}@1.0.0", "@champion")
    assert (ran.code, "requested this" in ran.err) == (1, True)


def test_a_branch_that_gives_no_such_alias_has_nothing_to_approve(proposed: Team) -> None:
    ran = proposed.run("bob", "approve", f"{MODEL}@1.0.0", "@champion", "--branch", "rollbook/none")
    assert ran.code == 1
    ran = proposed.run("bob", "approve", f"{MODEL}@1.0.0", "@challenger", "--branch", BRANCH)
    assert (ran.code, "does not move" in ran.err) == (1, True)


def test_an_approval_for_one_alias_counts_for_no_other(proposed: Team) -> None:
    approve(proposed)
    table = yaml.safe_load(proposed.world.git("show", f"{BRANCH}:{STAGES}"))
    signed = table["aliases"].pop("champion")
    policy = proposed.read("registry/policy.yaml").replace("['@champion']", "['@champion', '@best']")
    proposed.become("ana")
    proposed.world.write("registry/policy.yaml", policy)
    proposed.world.commit("Guard another")
    table["aliases"]["best"] = signed
    proposed.change("jane", "other", STAGES, yaml.safe_dump(table, sort_keys=False))
    ran = proposed.check("other")
    assert (ran.code, "waits for approvals" in ran.out) == (1, True)


def test_a_version_alone_does_not_go_around_the_gate(proposed: Team) -> None:
    before = proposed.read(STAGES)
    proposed.change("jane", "by-hand", STAGES, f'{before}aliases: {{champion: "1.0.0"}}\n')
    ran = proposed.check("by-hand")
    assert ran.code == 1
    assert "RB313" in ran.out
    assert "waits for approvals" in ran.out


def test_somebody_who_may_not_change_stages_may_not_move_an_alias(proposed: Team) -> None:
    before = proposed.read(STAGES)
    proposed.change("mallory", "theirs", STAGES, f'{before}aliases: {{best: "1.0.0"}}\n')
    ran = proposed.check("theirs")
    assert (ran.code, "RB501" in ran.out) == (1, True)


def test_gates_show_what_it_takes_and_what_stands(proposed: Team) -> None:
    ran = rollbook(proposed.world.registry, "gates", f"{MODEL}@1.0.0", "@champion")
    assert (ran.code, "approvals\twaiting" in ran.out) == (1, True)
    approve(proposed)
    ran = rollbook(proposed.world.registry, "gates", "--base", "main", "--head", BRANCH)
    assert (ran.code, "staging, to @champion" in ran.out) == (0, True)
    land(proposed)
    for words in ([f"{MODEL}@1.0.0", "@champion"], ["--all"]):
        ran = rollbook(proposed.world.registry, "gates", *words)
        assert ran.code == 0, ran.out
    assert "@champion" in ran.out


def test_the_report_of_a_period_judges_it_again(proposed: Team) -> None:
    approve(proposed)
    land(proposed)
    ran = rollbook(
        proposed.world.registry, "history", "--report", "2020-01-01..2999-12-31", "--format", "markdown"
    )
    assert ran.code == 0, ran.err
    gates = ran.out.partition("## Gates")[2]
    assert "champion" in gates
    assert "passed" in gates
