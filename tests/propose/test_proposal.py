"""A proposal is one commit on a branch of its own, made without touching anything of the user's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from building.world import git
from rollbook.errors import Conflict, NotFound, Refused
from rollbook.git.repository import discover
from rollbook.propose.proposal import (
    ChangeRefused,
    Proposal,
    branch_name,
    commit_proposal,
    judge,
    pull_request_hint,
    push_branch,
)
from rollbook.registry.main_branch import main_commit

if TYPE_CHECKING:
    from building.world import World

BRANCH = "rollbook/promote/credit/1.0.0-staging"


def proposal(world: World, files: dict[str, bytes | None] | None = None) -> Proposal:
    base = main_commit(discover(world.registry))
    return Proposal(
        BRANCH, base, "A title\n\nA reason\n", {"registry/README.md": b"x\n"} if files is None else files
    )


def test_a_branch_is_named_for_action_model_version_and_stage() -> None:
    assert (
        branch_name("promote", "risk/credit", "1.0.0", "staging")
        == "rollbook/promote/risk/credit/1.0.0-staging"
    )
    assert branch_name("register", "credit", "1.0.0") == "rollbook/register/credit/1.0.0"


def test_files_are_written_and_removed_in_one_commit(world: World) -> None:
    commit = commit_proposal(
        discover(world.registry), proposal(world, {"a/b/c.txt": b"c\n", ".dvcignore": None, "a/d.txt": b""})
    )
    changed = world.git("diff-tree", "-r", "--no-commit-id", "--name-status", commit)
    assert changed.splitlines() == ["D\t.dvcignore", "A\ta/b/c.txt", "A\ta/d.txt"]
    assert world.git("show", "-s", "--format=%B", commit) == "A title\n\nA reason"
    assert world.git("rev-parse", f"{commit}^") == world.git("rev-parse", "main")


def test_the_tree_is_sound(world: World) -> None:
    files = {"registry-x": b"1", "registry.y": b"2", "registry/z": b"3", "registry0": b"4"}
    commit_proposal(discover(world.registry), proposal(world, dict(files)))
    assert "error" not in world.git("fsck", "--strict", "--no-dangling")
    assert world.git("show", f"{BRANCH}:registry/policy.yaml")


def test_a_file_gives_way_to_a_folder_and_back(world: World) -> None:
    first = commit_proposal(discover(world.registry), proposal(world, {".dvcignore/inner": b"x"}))
    assert world.git("ls-tree", "-r", "--name-only", first, ".dvcignore") == ".dvcignore/inner"


def test_a_folder_that_becomes_empty_is_gone(world: World) -> None:
    names = world.git("ls-tree", "-r", "--name-only", "main", ".github/").splitlines()
    commit = commit_proposal(discover(world.registry), proposal(world, dict.fromkeys(names)))
    assert world.git("ls-tree", commit, ".github") == ""


def test_a_branch_that_stands_is_never_moved(world: World) -> None:
    before = commit_proposal(discover(world.registry), proposal(world))
    with pytest.raises(Conflict, match="exists already"):
        commit_proposal(discover(world.registry), proposal(world, {"other": b"y"}))
    assert world.git("rev-parse", BRANCH) == before


def test_a_branch_in_the_way_of_the_name_is_told(world: World) -> None:
    world.git("branch", "rollbook")
    with pytest.raises(Refused, match="a branch called 'rollbook' is in the way"):
        commit_proposal(discover(world.registry), proposal(world))


def test_the_verdict_is_that_of_the_check_and_makes_no_commit(world: World) -> None:
    repository = discover(world.registry)
    verdict = judge(repository, main_commit(repository), {"registry/policy.yaml": b"rollbook: ["})
    with pytest.raises(ChangeRefused, match="no") as raised:
        verdict.require("no")
    assert raised.value.findings == verdict.findings
    assert world.git("for-each-ref", "refs/heads/rollbook") == ""


def test_a_push_goes_to_the_remote_that_is_configured(world: World) -> None:
    commit = commit_proposal(discover(world.registry), proposal(world))
    world.git("remote", "rename", "origin", "hub")
    world.git("config", "rollbook.remote", "hub")
    assert push_branch(discover(world.registry), BRANCH) == "hub"
    assert git(world.origin, "rev-parse", BRANCH) == commit


def test_a_push_again_changes_nothing(world: World) -> None:
    commit = commit_proposal(discover(world.registry), proposal(world))
    push_branch(discover(world.registry), BRANCH)
    push_branch(discover(world.registry), BRANCH)
    assert git(world.origin, "rev-parse", BRANCH) == commit


def test_a_push_brings_the_remote_forward(world: World) -> None:
    commit_proposal(discover(world.registry), proposal(world))
    push_branch(discover(world.registry), BRANCH)
    world.git("checkout", "-q", BRANCH)
    world.git("commit", "-q", "--allow-empty", "-m", "more")
    push_branch(discover(world.registry), BRANCH)
    assert git(world.origin, "rev-parse", BRANCH) == world.git("rev-parse", BRANCH)


def test_a_push_never_takes_commits_away_from_the_remote(world: World) -> None:
    commit_proposal(discover(world.registry), proposal(world))
    push_branch(discover(world.registry), BRANCH)
    before = git(world.origin, "rev-parse", BRANCH)
    world.git("branch", "-q", "-D", BRANCH)
    commit_proposal(discover(world.registry), proposal(world, {"other": b"y"}))
    with pytest.raises(Conflict, match=f"origin has another {BRANCH} already"):
        push_branch(discover(world.registry), BRANCH)
    assert git(world.origin, "rev-parse", BRANCH) == before


def test_a_push_without_a_remote_is_refused(world: World) -> None:
    commit_proposal(discover(world.registry), proposal(world))
    world.git("remote", "remove", "origin")
    with pytest.raises(Refused, match="there is no remote 'origin'"):
        push_branch(discover(world.registry), BRANCH)


def test_a_branch_that_is_not_there_cant_be_pushed(world: World) -> None:
    with pytest.raises(NotFound):
        push_branch(discover(world.registry), "nothing")


def test_the_hint_names_branch_and_main(world: World) -> None:
    hint = pull_request_hint(discover(world.registry), BRANCH)
    assert hint == f"Open a pull request from {BRANCH} into main, or land it: rollbook land {BRANCH}"


def test_an_unknown_user_is_a_wrong_call_before_anything_is_made(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(world.root))
    world.git("config", "user.useConfigOnly", "true")
    with pytest.raises(Exception, match="git does not know who you are"):
        commit_proposal(discover(world.registry), proposal(world))
    assert world.git("for-each-ref", "refs/heads/rollbook") == ""
