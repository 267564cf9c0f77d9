"""A policy keeps a stage for some roles: nobody else moves versions into it or out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from access.conftest import Team, assemble
from access.test_server_hook import push
from building.world import git, rollbook

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template
    from building.world import World

POLICY = "registry/policy.yaml"
STAGES = "registry/credit-approval/stages.yaml"
MODEL = "registry/credit-approval/model.yaml"
ENTRY = "version: 1.0.0, reason: r, requested_by: jane@example.com, requested_at: 2026-01-02T09:00:00Z"
IN_STAGING = f"staging:\n  - {{{ENTRY}}}\n"
IN_PRODUCTION = f"production: {{{ENTRY}}}\n"
IN_ARCHIVED = f"archived:\n  - {{{ENTRY}}}\n"


def keep(team: Team, stage: str, role: str) -> None:
    """Ana keeps a stage for a role, on main."""
    team.become("ana")
    name = f"  - name: {stage}\n"
    assert name in team.read(POLICY)
    team.world.write(POLICY, team.read(POLICY).replace(name, f"{name}    by: [{role}]\n"))
    team.world.commit("Keep a stage")


def keeping(world: World, keys: Path) -> None:
    """Production is kept for approvers."""
    keep(assemble(world, keys), "production", "approver")


@pytest.fixture
def team(started: Template, keys: Path) -> Team:
    return Team(started(keeping, keys), keys)


def in_production(team: Team) -> None:
    """Bob has put the version into production."""
    ran = team.run("bob", "promote", "credit-approval@1.0.0", "production", "--reason", "r", "--land")
    assert ran.code == 0, ran.err


def test_a_data_scientist_who_moves_a_version_into_it_is_refused(team: Team) -> None:
    team.change("jane", "work", STAGES, IN_PRODUCTION)
    ran = team.check("work")
    assert ran.code == 1
    assert "RB505" in ran.out
    assert "jane@example.com, who is data-scientist, may not move into production" in ran.out
    assert "RB501" not in ran.out


def test_the_role_that_it_is_kept_for_moves_versions_into_it(team: Team) -> None:
    team.change("bob", "work", STAGES, IN_PRODUCTION)
    assert team.check("work").code == 0


def test_an_admin_does_so_too(team: Team) -> None:
    team.change("ana", "work", STAGES, IN_PRODUCTION)
    assert team.check("work").code == 0


def test_other_stages_stay_as_they_were(team: Team) -> None:
    team.change("jane", "work", STAGES, IN_ARCHIVED)
    assert team.check("work").code == 0


def test_a_data_scientist_may_not_take_a_version_out_of_it(team: Team) -> None:
    in_production(team)
    team.change("jane", "work", STAGES, IN_ARCHIVED)
    assert "may not move into production, out of it or in it" in team.check("work").out


def test_nor_by_removing_the_file(team: Team) -> None:
    in_production(team)
    team.change("jane", "work", MODEL, team.read(MODEL) + "team: risk\n")
    tree = team.world.root / "tree-work"
    git(tree, "rm", "--quiet", STAGES)
    git(tree, "commit", "--quiet", "-m", "Remove it")
    assert "RB505" in team.check("work").out


def test_nor_change_what_its_entry_says(team: Team) -> None:
    in_production(team)
    standing = team.read(STAGES)
    team.change("jane", "work", STAGES, standing.replace("reason: r", "reason: r\n  traffic: 50"))
    assert "RB505" in team.check("work").out


def test_a_commit_that_a_later_one_takes_back_is_held_against_its_author(team: Team) -> None:
    before = team.read(STAGES)
    team.change("jane", "work", STAGES, IN_PRODUCTION)
    team.change("bob", "work", STAGES, before)
    assert (
        "by jane@example.com, who is data-scientist, may not move into production" in team.check("work").out
    )


def test_each_of_several_authors_needs_the_right(team: Team) -> None:
    in_production(team)
    team.change("bob", "work", STAGES, IN_ARCHIVED)
    team.change("jane", "work", STAGES, IN_PRODUCTION)
    assert "jane@example.com" in team.check("work").out


def test_naming_a_co_author_gives_no_right(team: Team) -> None:
    team.change("jane", "work", STAGES, IN_PRODUCTION)
    tree = team.world.root / "tree-work"
    git(tree, "commit", "--quiet", "--amend", "-m", "Go\n\nCo-authored-by: Bob <bob@example.com>")
    assert "RB505" in team.check("work").out


def test_a_file_that_can_not_be_read_on_the_way_may_have_moved_anything(team: Team) -> None:
    before = team.read(STAGES)
    team.change("jane", "work", STAGES, "production: [\n")
    team.change("jane", "work", STAGES, before + "# fine\n")
    assert "as the file can't be read" in team.check("work").out


def test_a_merge_that_moves_a_version_is_held_against_whoever_made_it(team: Team) -> None:
    team.change("jane", "work", MODEL, team.read(MODEL) + "team: risk\n")
    team.change("ana", "rules", POLICY, team.read(POLICY) + "# more\n")
    team.world.git("merge", "--quiet", "--no-edit", "rules")
    team.become("jane")
    tree = team.world.root / "tree-work"
    git(tree, "merge", "--quiet", "--no-commit", "main")
    (tree / STAGES).write_text(IN_PRODUCTION)
    git(tree, "commit", "--quiet", "--all", "-m", "Bring main in")
    assert "RB505" in team.check("work").out


def test_bringing_in_what_others_moved_on_main_is_nobodys_move(team: Team) -> None:
    team.change("jane", "work", MODEL, team.read(MODEL) + "team: risk\n")
    in_production(team)
    team.become("jane")
    git(team.world.root / "tree-work", "merge", "--quiet", "--no-edit", "main")
    assert team.check("work").code == 0


def test_opening_the_stage_in_the_same_change_does_not_help(team: Team) -> None:
    team.change("ana", "work", POLICY, team.read(POLICY).replace("    by: [approver]\n", ""))
    team.change("jane", "work", STAGES, IN_PRODUCTION)
    assert "RB505" in team.check("work").out


def test_what_makes_room_in_an_exclusive_stage_goes_with_the_promotion(team: Team) -> None:
    in_production(team)
    keep(team, "archived", "admin")
    team.become("jane")
    team.world.register("credit-approval", "1.1.0")
    team.world.promote("credit-approval@1.1.0", "staging")
    ran = team.run("bob", "promote", "credit-approval@1.1.0", "production", "--reason", "r", "--land")
    assert ran.code == 0, ran.err


def test_what_makes_room_for_a_version_that_leaves_again_was_moved(team: Team) -> None:
    in_production(team)
    keep(team, "archived", "admin")
    team.become("jane")
    team.world.register("credit-approval", "1.1.0")
    other = IN_PRODUCTION.replace("1.0.0", "1.1.0")
    team.change("bob", "work", STAGES, other + IN_ARCHIVED)
    team.change("bob", "work", STAGES, IN_ARCHIVED)
    assert "bob@example.com, who is approver, may not move into archived" in team.check("work").out


def test_approving_is_no_move(team: Team) -> None:
    keep(team, "staging", "admin")
    assert team.run("ana", "promote", "credit-approval@1.0.0", "production", "--reason", "r").code == 0
    assert team.run("bob", "approve", "credit-approval@1.0.0", "production").code == 0
    assert team.check("rollbook/promote/credit-approval/1.0.0-production").code == 0


def test_promote_says_so_before_anything_is_made(team: Team) -> None:
    ran = team.run("jane", "promote", "credit-approval@1.0.0", "production", "--reason", "r")
    assert ran.code == 1
    assert "jane@example.com may not move versions into production" in ran.err
    assert "approver or admin" in ran.err
    assert "rollbook/" not in team.world.git("branch", "--list")


def test_a_draft_of_it_can_be_made_and_does_not_land(team: Team) -> None:
    ran = team.run("jane", "promote", "credit-approval@1.0.0", "production", "--reason", "r", "--draft")
    assert ran.code == 0, ran.err
    landed = team.run("bob", "land", "rollbook/promote/credit-approval/1.0.0-production")
    assert landed.code == 1
    assert "RB505" in landed.err


def test_a_servers_hook_refuses_it(team: Team) -> None:
    assert rollbook(team.world.origin, "hooks", "install", "--server").code == 0
    team.become("jane")
    team.world.write(STAGES, IN_PRODUCTION)
    team.world.git("commit", "--quiet", "--all", "-m", "By hand")
    before = git(team.world.origin, "rev-parse", "main")
    done = push(team, "main")
    assert done.returncode != 0
    assert "RB505" in done.stderr
    assert git(team.world.origin, "rev-parse", "main") == before


def test_a_stage_that_is_kept_for_a_role_that_nobody_has_is_found(team: Team) -> None:
    policy = team.read(POLICY).replace("  admin: [ana@example.com]\n  approver: [bob@example.com]\n", "")
    team.change("ana", "work", POLICY, policy)
    assert "RB507" in team.check("work").out


def test_an_approver_of_the_model_alone_has_the_right_for_it_alone(team: Team) -> None:
    team.become("ana")
    team.world.policy("  models:\n    credit-*:\n      approver: [jane@example.com]\n")
    team.change("jane", "work", STAGES, IN_PRODUCTION)
    assert team.check("work").code == 0


def test_what_git_makes_up_of_two_harmless_commits_is_held_against_both_authors(team: Team) -> None:
    """Bob archives the last of two versions by a line above it, Jane stages a third by a line below it."""
    keep(team, "archived", "approver")
    lines = [f"  - {{{ENTRY.replace('1.0.0', version)}}}\n" for version in ("1.0.0", "2.0.0", "3.0.0")]
    base = "staging:\n" + lines[0] + "  # and\n" * 4 + lines[1]
    team.become("ana")
    team.world.write(STAGES, base)
    team.world.commit("Two in staging")
    team.change("bob", "archive", STAGES, base.replace(lines[1], "archived:\n" + lines[1]))
    assert "RB505" not in team.check("archive").out
    team.change("jane", "work", STAGES, base + lines[2])
    assert "RB505" not in team.check("work").out
    team.become("bob")
    tree = team.world.root / "tree-work"
    git(tree, "merge", "--quiet", "--no-edit", "archive")
    assert "archived:\n" + lines[1] + lines[2] in (tree / STAGES).read_text()
    found = [line for line in team.check("work").out.splitlines() if "RB505" in line]
    assert len(found) == 1
    assert "jane@example.com" in found[0]
    assert "`3.0.0`" in found[0]
