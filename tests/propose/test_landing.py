"""Landing: all of it or nothing, for one or for several at once."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from building.world import World, git, rollbook
from killed import killed_at, killed_at_each_git_call
from rollbook.errors import BadCall, Conflict, GitFailed, NotFound, Refused
from rollbook.git.repository import discover
from rollbook.propose.landing import land
from rollbook.propose.proposal import ChangeRefused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from building.once import Template

BRANCH = "rollbook/register/credit/1.0.0"


def propose(world: World, version: str = "1.0.0", model: str = "credit", *options: str) -> str:
    """Register a version, don't land it, and return its branch."""
    artifact = str(world.artifact(f"{model} {version}".encode()))
    return world.run("register", model, artifact, "--version", version, *options).out.strip()


def refs(directory: Path) -> str:
    return git(directory, "for-each-ref")


def everything(world: World) -> list[str]:
    """The refs here and there, the index and the working tree: what a refused landing leaves alone."""
    tracked = [line for line in refs(world.registry).splitlines() if "refs/remotes/" not in line]
    index = world.git("ls-files", "--stage")
    return [refs(world.origin), *tracked, world.git("status", "--porcelain"), index]


def clone(world: World, name: str) -> World:
    """A colleague's clone of the same origin, as a world of its own with the same origin."""
    root = world.root / name
    root.mkdir()
    git(root, "clone", "-q", str(world.origin), "registry")
    (root / "origin.git").symlink_to(world.origin)
    (root / "registry-artifacts").symlink_to(world.artifacts)
    world.artifacts.mkdir(exist_ok=True)
    return World(root)


def is_complete(world: World, branch: str = BRANCH, tags: str = "credit@v1.0.0") -> None:
    """Assert that `branch` landed by exactly one merge, here and there, and left nothing behind."""
    assert world.git("rev-parse", "main") == git(world.origin, "rev-parse", "main")
    assert world.git("rev-list", "--count", "--first-parent", "main") == "2"
    assert (world.git("tag"), git(world.origin, "tag")) == (tags, tags)
    assert world.git("branch", "--list", branch) == ""
    assert git(world.origin, "branch", "--list", branch) == ""
    assert world.git("status", "--porcelain") == ""


@pytest.fixture
def proposed(started: Template) -> World:
    """A world with a proposal that only the clone has."""
    return started(propose)


def _push(world: World) -> None:
    propose(world, "1.0.0", "credit", "--push")


@pytest.fixture
def pushed(started: Template) -> World:
    """A world with a proposal that its origin has too."""
    return started(_push)


# --- what landing does


def test_a_merge_commit_has_main_and_the_proposal_as_parents(proposed: World) -> None:
    parents = [proposed.git("rev-parse", "main"), proposed.git("rev-parse", BRANCH)]
    landing = land(discover(proposed.registry), BRANCH)
    assert proposed.git("show", "-s", "--format=%P", landing.commit).split() == parents
    assert proposed.git("rev-parse", "main") == landing.commit


def test_main_tags_and_the_deleted_branch_reach_the_remote_together(pushed: World) -> None:
    land(discover(pushed.registry), BRANCH)
    is_complete(pushed)


def test_keep_branch_keeps_it_here_and_there(pushed: World) -> None:
    land(discover(pushed.registry), BRANCH, keep_branch=True)
    assert pushed.git("branch", "--list", BRANCH).strip() == BRANCH
    assert git(pushed.origin, "branch", "--list", BRANCH).strip() == BRANCH


def test_the_checkout_of_main_follows(proposed: World) -> None:
    land(discover(proposed.registry), BRANCH)
    assert (proposed.registry / "registry/credit/versions/1.0.0/version.yaml").exists()
    assert proposed.git("status", "--porcelain") == ""


def test_a_branch_that_only_the_remote_has_lands(pushed: World) -> None:
    pushed.git("branch", "-q", "-D", BRANCH)
    land(discover(pushed.registry), BRANCH)
    is_complete(pushed)


def test_a_branch_that_the_remote_has_further_lands_as_it_stands_there(pushed: World) -> None:
    other = clone(pushed, "other")
    other.git("checkout", "-q", BRANCH)
    other.git("commit", "-q", "--allow-empty", "-m", "more")
    other.git("push", "-q")
    land(discover(pushed.registry), BRANCH)
    assert pushed.git("log", "-1", "--format=%s", "main^2") == "more"
    is_complete(pushed)


def test_a_branch_that_moved_since_it_was_judged_does_not_land(pushed: World) -> None:
    repository, before = discover(pushed.registry), pushed.git("rev-parse", "main")
    with pytest.raises(Conflict, match="has moved"):
        land(repository, BRANCH, judged=before)
    assert pushed.git("rev-parse", "main") == before
    assert land(repository, BRANCH, judged=pushed.git("rev-parse", BRANCH)).branch == BRANCH


def test_a_branch_that_went_apart_from_the_remotes_is_refused(pushed: World) -> None:
    pushed.git("checkout", "-q", BRANCH)
    pushed.git("commit", "-q", "--amend", "-m", "other")
    pushed.git("checkout", "-q", "main")
    before = everything(pushed)
    with pytest.raises(Refused, match="have diverged") as caught:
        land(discover(pushed.registry), BRANCH)
    assert everything(pushed) == before
    keep_mine = caught.value.hint.rpartition("git push ")[2]
    pushed.git("push", *keep_mine.split(" "))
    land(discover(pushed.registry), BRANCH)
    is_complete(pushed)


def test_a_proposal_that_was_withdrawn_from_the_remote_does_not_land(pushed: World) -> None:
    pushed.git("fetch", "-q")
    pushed.git("branch", "-q", "-D", BRANCH)
    git(pushed.origin, "branch", "-q", "-D", BRANCH)
    assert pushed.git("for-each-ref", f"refs/remotes/origin/{BRANCH}")
    with pytest.raises(NotFound, match="there is no branch"):
        land(discover(pushed.registry), BRANCH)


def test_a_branch_deleted_on_the_remote_lands_from_here(pushed: World) -> None:
    pushed.git("fetch", "-q")
    git(pushed.origin, "branch", "-q", "-D", BRANCH)
    land(discover(pushed.registry), BRANCH)
    is_complete(pushed)


def test_without_a_remote_everything_lands_here(world: World) -> None:
    world.git("remote", "remove", "origin")
    propose(world)
    landing = land(discover(world.registry), BRANCH)
    assert world.git("rev-parse", "main") == landing.commit
    assert world.git("tag") == "credit@v1.0.0"
    assert world.git("branch", "--list", BRANCH) == ""


def test_in_a_bare_repository_a_branch_lands(pushed: World) -> None:
    land(discover(pushed.origin), BRANCH)
    assert git(pushed.origin, "tag") == "credit@v1.0.0"
    assert git(pushed.origin, "branch", "--list", "--format=%(refname:short)") == "main"


def test_landing_while_another_branch_is_checked_out_leaves_it_alone(proposed: World) -> None:
    proposed.git("checkout", "-q", "-b", "feature")
    land(discover(proposed.registry), BRANCH)
    assert proposed.git("symbolic-ref", "HEAD") == "refs/heads/feature"
    assert not (proposed.registry / "registry/credit").exists()
    is_complete(proposed)


def test_landing_with_a_detached_head_leaves_it_alone(proposed: World) -> None:
    proposed.git("checkout", "-q", "--detach")
    before = proposed.git("rev-parse", "HEAD")
    land(discover(proposed.registry), BRANCH)
    assert proposed.git("rev-parse", "HEAD") == before
    is_complete(proposed)


def test_main_in_a_linked_working_tree_follows(proposed: World, tmp_path: Path) -> None:
    proposed.git("checkout", "-q", "-b", "feature")
    proposed.git("worktree", "add", "-q", str(tmp_path / "linked"), "main")
    land(discover(proposed.registry), BRANCH)
    assert (tmp_path / "linked/registry/credit/versions/1.0.0/version.yaml").exists()
    assert git(tmp_path / "linked", "status", "--porcelain") == ""
    is_complete(proposed)


def test_a_linked_working_tree_whose_folder_is_gone_does_not_hinder(proposed: World, tmp_path: Path) -> None:
    proposed.git("checkout", "-q", "-b", "feature")
    proposed.git("worktree", "add", "-q", str(tmp_path / "linked"), "main")
    shutil.rmtree(tmp_path / "linked")
    land(discover(proposed.registry), BRANCH)
    is_complete(proposed)


def test_a_proposal_that_is_checked_out_lands_and_stays(proposed: World) -> None:
    proposed.git("checkout", "-q", BRANCH)
    land(discover(proposed.registry), BRANCH)
    assert proposed.git("symbolic-ref", "HEAD") == f"refs/heads/{BRANCH}"
    assert git(proposed.origin, "tag") == "credit@v1.0.0"


def test_a_proposal_checked_out_in_a_linked_working_tree_stays(proposed: World, tmp_path: Path) -> None:
    proposed.git("worktree", "add", "-q", str(tmp_path / "linked"), BRANCH)
    land(discover(proposed.registry), BRANCH)
    assert git(tmp_path / "linked", "rev-parse", "--abbrev-ref", "HEAD") == BRANCH
    assert git(tmp_path / "linked", "log", "-1", "--format=%s")


@pytest.mark.parametrize(
    "name", ["x$(touch${IFS}pwned)", "a;touch;pwned", "q'u\"o|te&", "é", "a@b", "#1", "%00", "`id`"]
)
def test_a_branch_name_is_only_a_name(proposed: World, name: str) -> None:
    proposed.git("update-ref", f"refs/heads/{name}", BRANCH)
    proposed.git("branch", "-q", "-D", BRANCH)
    proposed.git("push", "-q", "origin", f"refs/heads/{name}:refs/heads/{name}")
    land(discover(proposed.registry), name)
    assert not list(proposed.root.rglob("pwned"))
    is_complete(proposed, branch=name)


@pytest.mark.parametrize(
    "name", ["nothing", "main~1", "x^{commit}", "HEAD", "refs/heads/main", "", ":/Start", "*", "a b"]
)
def test_what_is_no_branch_is_not_found(world: World, name: str) -> None:
    world.git("commit", "-q", "--allow-empty", "-m", "second")
    world.git("push", "-q")
    world.git("branch", "x")
    before = everything(world)
    with pytest.raises(NotFound, match="there is no branch"):
        land(discover(world.registry), name)
    assert everything(world) == before


def test_an_unknown_branch_lists_the_open_proposals(proposed: World) -> None:
    with pytest.raises(NotFound) as raised:
        land(discover(proposed.registry), "nothing")
    assert BRANCH in raised.value.hint


def test_main_itself_is_a_wrong_call_and_stays(world: World) -> None:
    world.git("checkout", "-q", "-b", "feature")
    world.git("branch", "-q", "-f", "main", "HEAD")
    with pytest.raises(BadCall):
        land(discover(world.registry), "main")
    assert world.git("rev-parse", "main")


def test_a_branch_that_landed_before_is_refused(proposed: World) -> None:
    land(discover(proposed.registry), BRANCH, keep_branch=True)
    before = everything(proposed)
    with pytest.raises(Refused, match="is on main already"):
        land(discover(proposed.registry), BRANCH, keep_branch=True)
    assert everything(proposed) == before


def test_a_branch_without_commits_of_its_own_is_refused_and_stays(world: World) -> None:
    world.git("branch", "fresh")
    with pytest.raises(Refused, match="is on main already"):
        land(discover(world.registry), "fresh")
    assert world.git("branch", "--list", "fresh").strip() == "fresh"


# --- what is refused, and changes nothing


def _edited_manifest(world: World) -> None:
    world.register("credit", "0.9.0")
    world.git("checkout", "-q", "-b", "bad")
    path = world.registry / "registry/credit/versions/0.9.0/version.yaml"
    path.write_text(path.read_text() + "description: better than it was\n")


def _broken_file(world: World) -> None:
    world.git("checkout", "-q", "-b", "bad")
    (world.registry / "registry/policy.yaml").write_text("rollbook: [\n")


@pytest.mark.parametrize("spoil", [_edited_manifest, _broken_file])
def test_a_branch_that_the_check_refuses_changes_nothing(
    world: World, spoil: Callable[[World], None]
) -> None:
    spoil(world)
    world.git("commit", "-q", "-a", "-m", "bad")
    world.git("push", "-q", "origin", "bad")
    world.git("checkout", "-q", "main")
    before = everything(world)
    with pytest.raises(ChangeRefused):
        land(discover(world.registry), "bad")
    assert everything(world) == before


def test_two_versions_for_production_at_once_are_refused_the_second_time(world: World) -> None:
    for version in ("1.0.0", "1.1.0"):
        world.register("credit", version)
        world.promote(f"credit@{version}", "staging")
    first = world.run("promote", "credit@1.0.0", "production", "--reason", "a").out.strip()
    second = world.run("promote", "credit@1.1.0", "production", "--reason", "b").out.strip()
    land(discover(world.registry), first)
    before = everything(world)
    with pytest.raises(ChangeRefused) as raised:
        land(discover(world.registry), second)
    assert [finding.code for finding in raised.value.findings] == ["RB305"]
    assert everything(world) == before


def test_a_local_main_ahead_of_the_remote_is_refused(proposed: World) -> None:
    proposed.git("commit", "-q", "--allow-empty", "-m", "unpushed")
    before = everything(proposed)
    with pytest.raises(Refused, match="has commits that origin/main has not"):
        land(discover(proposed.registry), BRANCH)
    assert everything(proposed) == before


def test_a_main_that_went_apart_from_the_remote_is_refused(proposed: World) -> None:
    other = clone(proposed, "other")
    other.git("commit", "-q", "--allow-empty", "-m", "theirs")
    other.git("push", "-q")
    proposed.git("commit", "-q", "--allow-empty", "-m", "ours")
    with pytest.raises(Refused, match="have diverged"):
        land(discover(proposed.registry), BRANCH)
    assert git(proposed.origin, "tag") == ""


def _untracked_in_the_way(world: World) -> None:
    path = world.registry / "registry/credit/versions/1.0.0/version.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("mine\n")


def _staged_in_the_way(world: World) -> None:
    _untracked_in_the_way(world)
    world.git("add", "registry/credit")


def _folder_turned_file(world: World) -> None:
    (world.registry / "registry/credit").write_text("mine\n")


@pytest.mark.parametrize("arrange", [_untracked_in_the_way, _staged_in_the_way, _folder_turned_file])
def test_local_changes_in_the_way_are_refused_before_anything_is_pushed(
    proposed: World, arrange: Callable[[World], None]
) -> None:
    arrange(proposed)
    before = everything(proposed)
    with pytest.raises(Refused, match="would be overwritten"):
        land(discover(proposed.registry), BRANCH)
    assert everything(proposed) == before


def test_a_git_that_is_at_work_is_no_local_change(proposed: World) -> None:
    (proposed.registry / ".git/index.lock").touch()
    with pytest.raises(Conflict, match="another git is at work"):
        land(discover(proposed.registry), BRANCH)


def test_edited_and_staged_files_elsewhere_survive(proposed: World) -> None:
    (proposed.registry / ".pre-commit-config.yaml").write_text("edited\n")
    (proposed.registry / "staged.txt").write_text("staged\n")
    proposed.git("add", "staged.txt")
    (proposed.registry / "untracked.txt").write_text("untracked\n")
    before = proposed.git("status", "--porcelain")
    land(discover(proposed.registry), BRANCH)
    assert proposed.git("status", "--porcelain") == before
    assert (proposed.registry / ".pre-commit-config.yaml").read_text() == "edited\n"


def test_an_unfinished_merge_of_the_user_is_refused(proposed: World) -> None:
    for name in ("left", "right"):
        proposed.git("checkout", "-q", "-b", name, "main")
        (proposed.registry / "file").write_text(name)
        proposed.git("add", "file")
        proposed.git("commit", "-q", "-m", name)
    proposed.git("checkout", "-q", "main")
    proposed.git("merge", "-q", "--ff-only", "left")
    proposed.git("push", "-q")
    ran = rollbook(proposed.registry, "land", "nothing")
    assert ran.code == 1
    with pytest.raises(AssertionError, match="git merge"):
        proposed.git("merge", "right")
    before = everything(proposed)
    with pytest.raises(Refused):
        land(discover(proposed.registry), BRANCH)
    assert everything(proposed) == before


def test_a_hook_of_the_remote_that_refuses_is_told_and_changes_nothing(proposed: World) -> None:
    hook = proposed.origin / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'main is closed on Fridays' >&2\nexit 1\n")
    hook.chmod(0o755)
    before = everything(proposed)
    ran = rollbook(proposed.registry, "land", BRANCH)
    assert ran.code == 1
    assert "main is closed on Fridays" in ran.err
    assert everything(proposed) == before


def test_a_remote_that_refuses_one_ref_takes_none(proposed: World) -> None:
    hook = proposed.origin / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\ncase "$1" in refs/tags/*) exit 1;; esac\n')
    hook.chmod(0o755)
    before = everything(proposed)
    assert rollbook(proposed.registry, "land", BRANCH).code == 1
    assert everything(proposed) == before


def test_a_remote_that_is_gone_is_told_and_changes_nothing(proposed: World) -> None:
    before = refs(proposed.registry)
    proposed.origin.rename(proposed.root / "moved.git")
    ran = rollbook(proposed.registry, "land", BRANCH)
    assert ran.code == 1
    assert "git fetch failed" in ran.err
    assert refs(proposed.registry) == before


# --- several at once


def test_of_two_who_land_at_once_the_second_is_told_to_try_again_and_then_succeeds(world: World) -> None:
    other = clone(world, "other")
    first, second = propose(world, "1.0.0"), propose(other, "1.0.0", "fraud")
    # The hook stands for a colleague who lands between our fetch and our push.
    hook = world.registry / ".git" / "hooks" / "pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        f"#!/bin/sh\nrm '{hook}'\n"
        f"cd '{other.registry}' && unset GIT_DIR\n"
        f"{sys.executable} -m rollbook land {second} >/dev/null 2>&1\n"
    )
    hook.chmod(0o755)
    before = everything(world)[1:]
    ran = rollbook(world.registry, "land", first)
    assert ran.code == 1, ran.out
    assert "ry again" in ran.err
    assert everything(world)[1:] == before
    assert git(world.origin, "tag") == "fraud@v1.0.0"
    assert rollbook(world.registry, "land", first).code == 0
    assert git(world.origin, "tag").split() == ["credit@v1.0.0", "fraud@v1.0.0"]
    merges = git(world.origin, "log", "--first-parent", "--format=%s", "-2", "main").splitlines()
    assert merges == [f"Merge {first} into main", f"Merge {second} into main"]


def test_two_who_land_at_once_in_one_clone_lose_nothing(world: World) -> None:
    pending = {propose(world, "1.0.0"), propose(world, "1.0.0", "fraud"), propose(world, "1.0.0", "churn")}
    for _ in range(6):
        running = {
            branch: subprocess.Popen(
                [sys.executable, "-m", "rollbook", "land", branch],
                cwd=world.registry,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            for branch in sorted(pending)
        }
        for branch, process in running.items():
            said = process.communicate(timeout=60)[1]
            assert "Traceback" not in said
            pending -= {branch} if process.returncode == 0 else set()
        if not pending:
            break
    assert not pending
    assert git(world.origin, "tag").split() == ["churn@v1.0.0", "credit@v1.0.0", "fraud@v1.0.0"]
    assert world.git("rev-parse", "main") == git(world.origin, "rev-parse", "main")
    assert world.git("rev-list", "--count", "--first-parent", "main") == "4"
    assert world.git("status", "--porcelain") == ""


def test_the_error_of_the_second_is_a_conflict(world: World) -> None:
    other = clone(world, "other")
    propose(world)
    hook = world.registry / ".git" / "hooks" / "pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        f"#!/bin/sh\ncd '{other.registry}' && unset GIT_DIR\n"
        "git commit -q --allow-empty -m x && git push -q\n"
    )
    hook.chmod(0o755)
    with pytest.raises(Conflict, match="somebody else was first"):
        land(discover(world.registry), BRANCH)


def test_a_clone_that_is_behind_lands_on_the_newest_main(world: World) -> None:
    other = clone(world, "other")
    propose(other, "1.0.0", "fraud")
    world.register("credit", "1.0.0")
    land(discover(other.registry), "rollbook/register/fraud/1.0.0")
    assert git(world.origin, "tag").split() == ["credit@v1.0.0", "fraud@v1.0.0"]
    assert (other.registry / "registry/credit").exists()
    assert other.git("status", "--porcelain") == ""


# --- interrupted


def test_a_landing_killed_after_its_push_is_completed_by_landing_again(pushed: World) -> None:
    killed_at(pushed.registry, "rollbook.propose.publication:_move_local", "before", "land", BRANCH)
    assert git(pushed.origin, "tag") == "credit@v1.0.0"
    assert pushed.git("tag") == ""
    assert rollbook(pushed.registry, "land", BRANCH).code == 0
    is_complete(pushed)


def test_a_landing_killed_after_its_push_waits_for_local_changes_in_the_way(proposed: World) -> None:
    killed_at(proposed.registry, "rollbook.propose.publication:_move_local", "before", "land", BRANCH)
    _untracked_in_the_way(proposed)
    with pytest.raises(Refused, match="would be overwritten"):
        land(discover(proposed.registry), BRANCH)
    mine = proposed.registry / "registry/credit/versions/1.0.0/version.yaml"
    assert mine.read_text() == "mine\n"
    shutil.rmtree(proposed.registry / "registry/credit")
    land(discover(proposed.registry), BRANCH)
    is_complete(proposed)


@pytest.mark.parametrize("name", ["-n", "--all", "--force"])
def test_a_branch_name_that_looks_like_an_option_is_only_a_name(proposed: World, name: str) -> None:
    proposed.git("update-ref", f"refs/heads/{name}", BRANCH)
    land(discover(proposed.registry), name)
    assert git(proposed.origin, "tag") == "credit@v1.0.0"
    assert proposed.git("for-each-ref", f"refs/heads/{name}") == ""


@pytest.mark.parametrize("with_remote", [True, False])
def test_a_landing_killed_between_any_two_git_calls_is_completed_by_landing_again(
    world: World, with_remote: bool
) -> None:
    propose(world, "1.0.0", "credit", *(["--push"] if with_remote else []))
    worlds = [World(world.root.with_name(f"copy{number}")) for number in range(12)]
    for copy in worlds:
        world.copy(copy.root)
        if not with_remote:
            copy.git("remote", "remove", "origin")
    killed = killed_at_each_git_call([copy.registry for copy in worlds], "land", BRANCH)
    assert len(killed) >= 5
    for directory in killed:
        copy = World(directory.parent)
        ran = rollbook(directory, "land", BRANCH)
        # Killed after its very last step, nothing is left to land.
        assert ran.code == 0 or (directory == killed[-1] and "there is no branch" in ran.err), ran.err
        if with_remote:
            is_complete(copy)
        else:
            assert (copy.git("tag"), copy.git("branch", "--list", BRANCH)) == ("credit@v1.0.0", "")
            assert copy.git("rev-list", "--count", "--first-parent", "main") == "2"
            assert copy.git("status", "--porcelain") == ""


def test_a_checkout_that_git_cant_write_is_left_as_it_was(world: World) -> None:
    world.run("register", "churn", str(world.artifact()), "--version", "1.0.0")
    (world.registry / ".git/info").mkdir(exist_ok=True)
    (world.registry / ".git/info/attributes").write_text("version.yaml filter=broken\n")
    world.git("config", "filter.broken.smudge", "false")
    world.git("config", "filter.broken.required", "true")
    ran = rollbook(world.registry, "land", "rollbook/register/churn/1.0.0")
    assert (ran.code, "git read-tree failed" in ran.err) == (1, True)
    world.git("config", "filter.broken.required", "false")
    assert world.git("status", "--porcelain") == ""
    world.land("rollbook/register/churn/1.0.0")
    assert world.git("status", "--porcelain") == ""
    assert "churn" in world.run("list").out


def test_a_filter_that_fails_is_met_before_anything_is_pushed(proposed: World) -> None:
    land(discover(proposed.registry), BRANCH)
    proposed.run("model", "edit", "credit", "--team", "risk")
    (branch,) = proposed.git("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads/rollbook").split()
    (proposed.registry / ".git/info").mkdir(exist_ok=True)
    (proposed.registry / ".git/info/attributes").write_text("*.yaml filter=broken\n")
    proposed.git("config", "filter.broken.clean", "false")
    proposed.git("config", "filter.broken.required", "true")
    edited = proposed.registry / "registry/credit/model.yaml"
    edited.write_bytes(edited.read_bytes())
    before = refs(proposed.origin)
    with pytest.raises(GitFailed, match="clean filter 'broken' failed"):
        land(discover(proposed.registry), branch)
    assert refs(proposed.origin) == before


def test_a_hook_that_refuses_to_move_refs_is_told_as_that(proposed: World) -> None:
    hook = proposed.registry / ".git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\ntest "$1" != prepared || ! grep -q refs/heads/main\n')
    hook.chmod(0o755)
    with pytest.raises(GitFailed, match="update-ref failed: fatal: ref updates aborted by hook"):
        land(discover(proposed.registry), BRANCH)
    assert proposed.git("status", "--porcelain") == ""
    hook.unlink()
    land(discover(proposed.registry), BRANCH)
    is_complete(proposed)
