"""Whoever makes a commit may change what it changes, by the roles of the base's policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from building.world import git
from rollbook.git.commits import split_signature

if TYPE_CHECKING:
    from access.conftest import Team

POLICY = "registry/policy.yaml"
MODEL = "registry/credit-approval/model.yaml"


def test_a_data_scientist_may_change_a_model(team: Team) -> None:
    team.change("jane", "work", MODEL, team.read(MODEL) + "team: risk\n")
    assert team.check("work").code == 0


def test_a_data_scientist_may_not_change_the_policy(team: Team) -> None:
    team.change("jane", "work", POLICY, team.read(POLICY) + "# harmless\n")
    ran = team.check("work")
    assert ran.code == 1
    assert "RB501" in ran.out
    assert "jane@example.com, who is data-scientist, may not change this file" in ran.out


def test_an_admin_may_change_the_policy(team: Team) -> None:
    team.change("ana", "work", POLICY, team.read(POLICY) + "# harmless\n")
    assert team.check("work").code == 0


def test_somebody_without_a_role_may_not_touch_the_registry(team: Team) -> None:
    team.change("mallory", "work", MODEL, team.read(MODEL) + "team: risk\n")
    assert "who has no role in the policy" in team.check("work").out


def test_somebody_without_a_role_may_change_what_the_registry_does_not_govern(team: Team) -> None:
    team.change("mallory", "work", "src/train.py", "print('hello')\n")
    assert team.check("work").code == 0


def test_workflows_schemas_and_the_dvc_configuration_are_the_admins(team: Team) -> None:
    for path in (".github/workflows/validate.yml", "schemas/extra.json", ".dvc/config"):
        team.change("jane", "work", path, "x: 1\n")
    assert team.check("work").out.count("RB501") == 3


def test_giving_oneself_a_role_in_the_same_change_does_not_help(team: Team) -> None:
    policy = team.read(POLICY).replace("[ana@example.com]", "[ana@example.com, mallory@example.com]")
    team.change("mallory", "work", POLICY, policy)
    team.change("mallory", "work", MODEL, team.read(MODEL) + "team: risk\n")
    assert team.check("work").out.count("RB501") == 2


def test_a_change_that_a_later_commit_takes_back_is_still_held_against_its_author(team: Team) -> None:
    before = team.read(POLICY)
    team.change("jane", "work", POLICY, before + "# sneaky\n")
    team.change("jane", "work", POLICY, before)
    assert "RB501" in team.check("work").out


def test_bringing_main_into_a_branch_is_not_held_against_whoever_does_it(team: Team) -> None:
    team.change("jane", "work", MODEL, team.read(MODEL) + "team: risk\n")
    team.change("ana", "rules", POLICY, team.read(POLICY) + "# stricter\n")
    team.world.git("merge", "--quiet", "--no-edit", "rules")
    team.become("jane")
    git(team.world.root / "tree-work", "merge", "--quiet", "--no-edit", "main")
    assert team.check("work").code == 0


def test_a_merge_that_holds_what_neither_parent_has_is_held_against_its_author(team: Team) -> None:
    team.change("jane", "work", MODEL, team.read(MODEL) + "team: risk\n")
    team.change("ana", "rules", POLICY, team.read(POLICY) + "# stricter\n")
    team.world.git("merge", "--quiet", "--no-edit", "rules")
    team.become("jane")
    tree = team.world.root / "tree-work"
    git(tree, "merge", "--quiet", "--no-commit", "main")
    (tree / POLICY).write_text("# none of your rules\n" + (tree / POLICY).read_text())
    git(tree, "commit", "--quiet", "--all", "-m", "Bring main in")
    assert "RB501" in team.check("work").out


def test_a_merge_that_takes_the_old_side_of_the_policy_is_held_against_its_author(team: Team) -> None:
    team.change("jane", "work", MODEL, team.read(MODEL) + "team: risk\n")
    team.change("ana", "rules", POLICY, team.read(POLICY) + "# stricter\n")
    team.world.git("merge", "--quiet", "--no-edit", "rules")
    team.become("jane")
    tree = team.world.root / "tree-work"
    git(tree, "merge", "--quiet", "--no-edit", "--strategy=ours", "main")
    assert "RB501" in team.check("work").out


def test_a_commit_that_its_author_signed_is_fine(team: Team) -> None:
    team.change("jane", "work", MODEL, team.read(MODEL) + "team: risk\n", sign=True)
    assert team.check("work").code == 0


def test_a_commit_that_somebody_else_signed_than_made_is_found(team: Team) -> None:
    team.change("jane", "work", "notes.txt", "x\n")
    tree = team.world.root / "tree-work"
    team.world.git("config", "user.signingKey", str(team.keys / "mallory.pub"))
    (tree / MODEL).write_text(team.read(MODEL) + "team: risk\n")
    git(tree, "commit", "--quiet", "--all", "-S", "-m", "In Jane's name")
    ran = team.check("work")
    assert ran.code == 1
    assert "RB502" in ran.out


def test_a_signature_is_taken_out_of_a_commit_as_git_signs_it() -> None:
    signed = b"gpgsig -----BEGIN SSH SIGNATURE-----\n abc\n -----END SSH SIGNATURE-----\n"
    commit = b"tree x\nauthor a\n" + signed + b"z y\n\nmsg\n"
    signature, payload = split_signature(commit)
    assert signature == "-----BEGIN SSH SIGNATURE-----\nabc\n-----END SSH SIGNATURE-----"
    assert payload == b"tree x\nauthor a\nz y\n\nmsg\n"
