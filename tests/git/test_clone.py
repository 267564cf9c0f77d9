from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from building.work_tree import commit, new_repository, write
from building.world import git
from rollbook.errors import BadCall, GitFailed
from rollbook.git.address import local_directory
from rollbook.git.clone import home, other_repository, partial_clone
from rollbook.git.repository import discover, resolve_commit

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare repository: two commits on main, the first tagged v1."""
    top = tmp_path_factory.mktemp("clone")
    root = new_repository(top / "work", {"x": "one"})
    git(root, "tag", "-a", "-m", "x", "v1")
    write(root, {"x": "two", "large": "x" * 20_000})
    commit(root)
    git(top, "clone", "--quiet", "--bare", "work", "ori gin.git")
    return top / "ori gin.git"


def url(origin: Path) -> str:
    return origin.as_uri()


def test_a_path_is_read_where_it_stands(origin: Path):
    with other_repository(str(origin)) as repository:
        assert repository.git_dir == origin


def test_a_url_is_copied_with_all_that_its_refs_lead_to(origin: Path):
    with other_repository(url(origin)) as repository:
        assert repository.work_tree is None
        assert git(repository.git_dir, "show", "HEAD~1:x") == "one"
        assert resolve_commit(repository, "v1") == git(origin, "rev-parse", "main~1")


def test_a_partial_clone_is_empty_until_it_is_asked(origin: Path):
    with partial_clone(url(origin)) as clone:
        assert git(clone.repository.git_dir, "cat-file", "--batch-all-objects", "--batch-check") == ""
        commit = clone.newest("HEAD", 1)
        assert git(clone.repository.git_dir, "rev-list", "--count", commit) == "1"


def test_a_partial_clone_is_gone_afterwards(origin: Path):
    with partial_clone(url(origin)) as clone:
        directory = clone.repository.git_dir
    assert not directory.parent.exists()


def test_a_clone_is_gone_afterwards(origin: Path):
    with other_repository(url(origin)) as repository:
        directory = repository.git_dir
    assert not directory.parent.exists()


def test_a_clone_is_gone_after_an_error(origin: Path):
    seen = []

    def fail() -> None:
        with other_repository(url(origin)) as repository:
            seen.append(repository.git_dir)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert not seen[0].parent.exists()


@pytest.mark.parametrize(
    "address", ["", "-x", "--upload-pack=touch pwned", "ext::sh -c 'touch pwned'", "fd::17"]
)
def test_an_address_that_git_would_obey_is_refused(address, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadCall, match="is no address of a repository"):
        local_directory(address)
    assert not (tmp_path / "pwned").exists()


def test_an_ipv6_address_is_an_address():
    with pytest.raises(GitFailed), other_repository("http://[::1]:1/x.git"):
        pass


def test_an_address_of_nothing_is_an_error_without_its_credentials():
    with pytest.raises(GitFailed) as caught, other_repository("https://user:secret@127.0.0.1:1/x"):
        pass
    assert "secret" not in str(caught.value)


def test_a_directory_that_is_no_repository_is_refused(tmp_path: Path):
    with pytest.raises(BadCall, match="is not in a git repository"), other_repository(str(tmp_path)):
        pass


def test_a_repository_is_its_own_home(origin: Path):
    assert home(discover(origin)) == origin


@pytest.mark.parametrize("name", ["plain.git", "ori gin.git", 'a"b\\c;#.git'])
def test_the_home_of_a_clone_is_what_was_cloned(tmp_path: Path, name: str):
    there = tmp_path / name
    git(tmp_path, "init", "--quiet", "--bare", name)
    with partial_clone(url(there)) as clone:
        assert home(clone.repository) == there


def test_at_an_address_a_tag_does_not_hide_the_branch_of_its_name(tmp_path: Path) -> None:
    root = new_repository(tmp_path / "theirs", {"x": "x"})
    git(root, "tag", "main")
    newest = commit(root)
    with partial_clone(f"file://{root}") as clone:
        assert (clone.newest("main", 1), clone.past("main")) == (newest, newest)
