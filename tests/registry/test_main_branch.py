"""Main and the remote that it lives on are facts, which every clone reads the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from building.texts import POLICY
from building.work_tree import commit, new_repository, write
from building.world import git
from rollbook.errors import Refused
from rollbook.git.repository import discover
from rollbook.registry.main_branch import landed_commit, main_branch, main_commit, read_main, remote_name

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return new_repository(tmp_path / "work", {"a/b.txt": "x"})


@pytest.fixture
def clone(root: Path, tmp_path: Path) -> Path:
    git(tmp_path, "clone", "--quiet", "work", "clone")
    return tmp_path / "clone"


def test_the_configured_main_branch_wins(root: Path) -> None:
    git(root, "config", "rollbook.main", "trunk")
    assert main_branch(discover(root)) == "trunk"


def test_the_remotes_head_is_the_main_branch(root: Path, tmp_path: Path) -> None:
    git(root, "branch", "-m", "develop")
    git(root, "branch", "main")
    git(tmp_path, "clone", "--quiet", "work", "clone")
    assert main_branch(discover(tmp_path / "clone")) == "develop"


def test_master_is_the_main_branch_where_there_is_no_main(root: Path) -> None:
    git(root, "branch", "-m", "master")
    git(root, "checkout", "--quiet", "-b", "feature")
    assert main_branch(discover(root)) == "master"


def test_the_only_branch_is_the_main_branch(root: Path) -> None:
    git(root, "branch", "-m", "trunk")
    assert main_branch(discover(root)) == "trunk"


def test_no_main_branch_can_be_told_of_a_detached_head_alone(root: Path) -> None:
    git(root, "branch", "-m", "trunk")
    git(root, "checkout", "--quiet", "--detach")
    git(root, "branch", "-D", "trunk")
    with pytest.raises(Refused, match="no main branch can be told"):
        main_branch(discover(root))


def test_the_main_commit_is_the_remotes_when_that_is_ahead(root: Path, clone: Path) -> None:
    ahead = commit(root)
    git(clone, "fetch", "--quiet")
    assert main_commit(discover(clone)) == ahead


def test_the_main_commit_is_the_local_one_when_that_is_ahead(clone: Path) -> None:
    assert commit(clone) == main_commit(discover(clone))


def test_diverged_main_branches_are_refused(root: Path, clone: Path) -> None:
    commit(root, "there")
    commit(clone, "here")
    git(clone, "fetch", "--quiet")
    with pytest.raises(Refused, match="have diverged"):
        main_commit(discover(clone))


def test_a_main_branch_without_commits_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    with pytest.raises(Refused, match="has no commits yet"):
        main_commit(discover(tmp_path))


def state(root: Path, main: str, branch: str | None = None) -> str:
    """Commit a policy that names main, on a branch that is made for it; return the commit."""
    if branch is not None:
        git(root, "checkout", "--quiet", "-B", branch)
    write(root, {"registry/policy.yaml": f"{POLICY}main: {main}\n"})
    return commit(root, "Name main")


def test_the_policy_on_the_remotes_head_names_main(root: Path, tmp_path: Path) -> None:
    git(root, "branch", "trunk")
    state(root, "trunk")
    git(tmp_path, "clone", "--quiet", "work", "clone")
    assert main_branch(discover(tmp_path / "clone")) == "trunk"


def test_a_checkout_of_ci_that_knows_no_head_of_the_remote_reads_main_in_the_policy(
    root: Path, tmp_path: Path
) -> None:
    state(root, "develop", "develop")
    git(root, "branch", "--force", "main")
    runner = new_repository(tmp_path / "runner", {"x": "x"})
    git(runner, "remote", "add", "origin", str(root))
    git(runner, "fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*")
    git(runner, "checkout", "--quiet", "--force", "-B", "develop", "refs/remotes/origin/develop")
    git(runner, "branch", "-D", "main")
    assert main_branch(discover(runner)) == "develop"


def test_a_branch_that_is_checked_out_can_not_make_itself_main(root: Path) -> None:
    state(root, "main")
    state(root, "evil", "evil")
    assert main_branch(discover(root)) == "main"


def test_branches_that_disagree_on_main_are_refused_without_a_remote_to_ask(root: Path) -> None:
    state(root, "main")
    state(root, "master", "master")
    with pytest.raises(Refused, match="could be main or master") as caught:
        main_branch(discover(root))
    assert "git config rollbook.main" in caught.value.hint


def test_where_branches_disagree_the_remote_is_asked_for_its_head(root: Path, tmp_path: Path) -> None:
    state(root, "main")
    state(root, "master", "master")
    git(tmp_path, "clone", "--quiet", "work", "clone")
    git(tmp_path / "clone", "remote", "set-head", "origin", "--delete")
    assert main_branch(discover(tmp_path / "clone")) == "master"


def test_a_single_branch_clone_does_not_take_its_branch_for_main(root: Path, tmp_path: Path) -> None:
    state(root, "main")
    git(root, "branch", "dev")
    git(tmp_path, "clone", "--quiet", "--single-branch", "--branch", "dev", f"file://{root}", "clone")
    with pytest.raises(Refused, match="'main' has no commits yet that are here") as caught:
        main_commit(discover(tmp_path / "clone"))
    assert "git remote set-branches --add origin main" in caught.value.hint


def test_a_single_branch_clone_asks_the_remote_what_has_landed(root: Path, tmp_path: Path) -> None:
    git(root, "branch", "dev")
    landed = state(root, "main")
    git(root, "branch", "--force", "dev")
    git(tmp_path, "clone", "--quiet", "--single-branch", "--branch", "dev", f"file://{root}", "clone")
    landed = commit(root)
    assert landed_commit(discover(tmp_path / "clone"), "origin") == landed


def test_a_bare_clone_asks_the_remote_what_has_landed(root: Path, tmp_path: Path) -> None:
    landed = state(root, "main")
    git(tmp_path, "clone", "--quiet", "--bare", "work", "bare.git")
    git(tmp_path / "bare.git", "worktree", "add", "--quiet", "../tree", "main")
    assert landed_commit(discover(tmp_path / "tree"), "origin") == landed


def test_a_ref_below_remotes_that_no_fetch_keeps_is_not_main(root: Path, tmp_path: Path) -> None:
    main = git(root, "rev-parse", "HEAD")
    git(tmp_path, "clone", "--quiet", "--bare", "work", "bare.git")
    git(root, "push", "--quiet", str(tmp_path / "bare.git"), f"{commit(root)}:refs/remotes/origin/main")
    assert main_commit(discover(tmp_path / "bare.git")) == main


def test_a_pushed_main_does_not_take_the_place_of_master_on_a_server(root: Path, tmp_path: Path) -> None:
    git(root, "branch", "-m", "master")
    git(tmp_path, "clone", "--quiet", "--bare", "work", "bare.git")
    state(root, "main", "main")
    git(root, "push", "--quiet", str(tmp_path / "bare.git"), "main")
    assert main_branch(discover(tmp_path / "bare.git")) == "master"


def test_the_only_remote_is_home_whatever_it_is_called(root: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--origin", "hub", "work", "clone")
    assert remote_name(discover(tmp_path / "clone")) == "hub"


def test_of_several_remotes_that_of_mains_upstream_is_home(clone: Path) -> None:
    git(clone, "remote", "add", "another", "/nowhere")
    assert remote_name(discover(clone)) == "origin"


def test_the_configured_remote_is_home(clone: Path) -> None:
    git(clone, "config", "rollbook.remote", "hub")
    assert remote_name(discover(clone)) == "hub"


def test_of_several_remotes_without_an_upstream_none_is_guessed(root: Path) -> None:
    git(root, "remote", "add", "origin", "/nowhere")
    git(root, "remote", "add", "hub", "/nowhere")
    with pytest.raises(Refused, match="which remote the registry lives on can't be told") as caught:
        read_main(discover(root))
    assert "git config rollbook.remote" in caught.value.hint
