from __future__ import annotations

import os
from pathlib import Path

import pytest

from building.work_tree import commit, new_repository
from building.world import git
from rollbook.errors import BadCall, NotFound
from rollbook.git import repository as repositories
from rollbook.git.repository import Repository, discover


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return new_repository(tmp_path / "work", {"a/b.txt": "x"})


def test_a_repository_is_found_from_any_directory_in_it(root: Path):
    assert discover(root / "a") == Repository(root / ".git", root / ".git", root)


def test_a_bare_repository_has_no_work_tree(root: Path, tmp_path: Path):
    git(tmp_path, "clone", "--quiet", "--bare", "work", "bare.git")
    assert discover(tmp_path / "bare.git") == Repository(tmp_path / "bare.git", tmp_path / "bare.git", None)


def test_the_git_directory_itself_is_read_like_a_bare_repository(root: Path):
    found = discover(root / ".git")
    assert (found.git_dir, found.work_tree) == (root / ".git", None)


def test_a_linked_worktree_shares_its_repositorys_objects(root: Path, tmp_path: Path):
    git(root, "worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"))
    found = discover(tmp_path / "linked")
    assert found == Repository(root / ".git/worktrees/linked", root / ".git", tmp_path / "linked")


def test_a_hooks_variables_do_not_lead_astray(root: Path, tmp_path: Path, monkeypatch):
    other = new_repository(tmp_path / "other", {"x": "x"})
    for name, value in (
        ("GIT_DIR", other / ".git"),
        ("GIT_WORK_TREE", other),
        ("GIT_INDEX_FILE", other / "i"),
    ):
        monkeypatch.setenv(name, str(value))
    assert discover(root).work_tree == root


def test_a_directory_outside_any_repository_is_refused(tmp_path: Path):
    with pytest.raises(BadCall, match="is not in a git repository") as caught:
        discover(tmp_path)
    assert "-C DIR" in caught.value.hint


def test_a_missing_directory_is_refused(tmp_path: Path):
    with pytest.raises(BadCall, match="gone is not a directory"):
        discover(tmp_path / "gone")


def test_a_repository_of_other_object_names_is_refused(tmp_path: Path):
    git(tmp_path, "init", "--quiet", "--object-format=sha256")
    with pytest.raises(BadCall, match="only SHA-1 repositories are supported"):
        discover(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_repository_of_somebody_else_is_not_trusted(root: Path):
    os.chown(root, 12345, 12345)
    os.chown(root / ".git", 12345, 12345)
    with pytest.raises(BadCall, match="git does not trust"):
        discover(root)


@pytest.mark.parametrize("revision", ["HEAD", "main", "v1", "main~1", "refs/heads/main"])
def test_a_branch_a_tag_or_a_commit_is_resolved(root: Path, revision):
    commit(root)
    git(root, "tag", "-a", "v1", "-m", "x")
    found = repositories.resolve_commit(discover(root), revision)
    assert found == git(root, "rev-parse", f"{revision}^{{commit}}")


@pytest.mark.parametrize(
    "revision", ["", "nothing", "--all", "-x", "HEAD:a", "main^{tree}", "0" * 40, "a b", "x\ny"]
)
def test_what_names_no_commit_is_refused(root: Path, revision):
    with pytest.raises(NotFound, match="names no commit"):
        repositories.resolve_commit(discover(root), revision)


def test_a_repository_without_commits_says_so(tmp_path: Path):
    git(tmp_path, "init", "--quiet")
    with pytest.raises(NotFound, match="the repository has no commits yet"):
        repositories.resolve_commit(discover(tmp_path), "HEAD")


def test_a_detached_head_is_on_no_branch(root: Path):
    assert repositories.current_branch(discover(root)) == "main"
    git(root, "checkout", "--quiet", "--detach")
    assert repositories.current_branch(discover(root)) is None


def test_an_ancestor_is_known(root: Path):
    commit(root)
    found = discover(root)
    assert repositories.is_ancestor(found, "main~1", "main")
    assert not repositories.is_ancestor(found, "main", "main~1")


@pytest.fixture
def bare(root: Path, tmp_path: Path, monkeypatch) -> Path:
    """A bare repository, where git reads no bare one that it comes across."""
    git(tmp_path, "clone", "--quiet", "--bare", "work", "bare.git")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "safe.bareRepository")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "explicit")
    return tmp_path / "bare.git"


def test_a_bare_repository_that_is_named_is_read_whatever_git_trusts(bare: Path):
    found = discover(bare)
    assert found == Repository(bare, bare, None)
    assert repositories.resolve_commit(found, "HEAD") == git(bare, "--git-dir=.", "rev-parse", "HEAD")


def test_a_bare_repository_that_is_come_across_is_not_read(bare: Path, monkeypatch):
    monkeypatch.chdir(bare)
    with pytest.raises(BadCall, match="does not trust"):
        discover(Path())


def test_a_bare_repository_around_the_named_folder_is_not_read(bare: Path):
    with pytest.raises(BadCall, match="does not trust the bare repository around"):
        discover(bare / "refs")


def test_git_names_the_bare_repository_to_its_hook(bare: Path, monkeypatch):
    monkeypatch.chdir(bare)
    monkeypatch.setenv("GIT_DIR", ".")
    assert discover(Path()).git_dir == bare


def test_a_repository_in_a_folder_with_a_line_break_is_refused(tmp_path: Path):
    new_repository(tmp_path / "li\nne", {"x": "x"})
    with pytest.raises(BadCall):
        discover(tmp_path / "li\nne")


def test_a_branch_comes_before_a_tag_of_the_same_name(root: Path):
    first = git(root, "rev-parse", "HEAD")
    second = commit(root)
    git(root, "tag", "main", first)
    assert repositories.resolve_commit(discover(root), "main") == second
    assert repositories.resolve_commit(discover(root), "main~1") == first


def test_a_remotes_branch_comes_before_a_tag_of_the_same_name(root: Path):
    first = git(root, "rev-parse", "HEAD")
    second = commit(root)
    git(root, "update-ref", "refs/remotes/origin/main", second)
    git(root, "tag", "origin/main", first)
    assert repositories.resolve_commit(discover(root), "origin/main") == second


def test_a_branch_that_is_called_like_a_tag_of_the_trail_does_not_hide_it(root: Path):
    first = git(root, "rev-parse", "HEAD")
    git(root, "tag", "credit@v1.0.0", first)
    git(root, "branch", "credit@v1.0.0", commit(root))
    assert repositories.resolve_commit(discover(root), "credit@v1.0.0") == first


@pytest.mark.parametrize("line", ["[core", "[include]\n\tpath =\n\tpath", "[core]\n\tbare = perhaps\n"])
def test_a_configuration_that_git_cant_read_is_told_as_that(tmp_path: Path, line: str) -> None:
    git(tmp_path, "init", "--quiet", "r")
    with (tmp_path / "r/.git/config").open("a") as config:
        config.write(line)
    with pytest.raises(
        BadCall, match=r"git can't read the repository around .*/r: (?s:.*)fatal: bad"
    ) as caught:
        discover(tmp_path / "r")
    assert "git init" not in caught.value.hint
