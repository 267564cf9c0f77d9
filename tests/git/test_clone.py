from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rollbook.errors import BadCall, GitFailed
from rollbook.git.clone import home, opened
from rollbook.git.repository import discover, resolve_commit
from worlds import git
from written import commit, new_repository

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare repository: two commits on main, the first tagged v1."""
    top = tmp_path_factory.mktemp("clone")
    root = new_repository(top / "work", {"x": "one"})
    git(root, "tag", "-a", "-m", "x", "v1")
    (root / "x").write_text("two")
    commit(root)
    git(top, "clone", "--quiet", "--bare", "work", "ori gin.git")
    return top / "ori gin.git"


def url(origin: Path) -> str:
    return origin.as_uri()


def test_a_path_is_opened_where_it_stands(origin: Path):
    with opened(str(origin)) as repository:
        assert repository.git_dir == origin


def test_a_path_into_a_work_tree_is_opened_too(origin: Path):
    with opened(str(origin.parent / "work")) as repository:
        assert repository.work_tree == origin.parent / "work"


def test_a_url_is_cloned_with_its_newest_commit_only(origin: Path):
    with opened(url(origin)) as repository:
        assert repository.work_tree is None
        assert git(repository.git_dir, "rev-list", "--count", "HEAD") == "1"
        assert git(repository.git_dir, "show", "HEAD:x") == "two"


def test_a_url_is_cloned_with_all_commits_and_tags_when_the_past_is_asked(origin: Path):
    with opened(url(origin), whole_history=True) as repository:
        assert git(repository.git_dir, "show", "HEAD~1:x") == "one"
        assert resolve_commit(repository, "v1") == git(origin, "rev-parse", "main~1")


def test_contents_come_only_when_they_are_read(origin: Path):
    git(origin, "config", "uploadpack.allowFilter", "true")
    with opened(url(origin)) as repository:
        present = git(repository.git_dir, "cat-file", "--batch-all-objects", "--batch-check")
        assert " blob " not in present
        assert git(repository.git_dir, "show", "HEAD:x") == "two"


def test_a_clone_is_gone_afterwards(origin: Path):
    with opened(url(origin)) as repository:
        directory = repository.git_dir
    assert not directory.parent.exists()


def test_a_clone_is_gone_after_an_error(origin: Path):
    seen = []

    def fail() -> None:
        with opened(url(origin)) as repository:
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
    with pytest.raises(BadCall, match="is no address of a repository"), opened(address):
        pass
    assert not (tmp_path / "pwned").exists()


def test_an_ipv6_address_is_an_address():
    with pytest.raises(GitFailed), opened("http://[::1]:1/x.git"):
        pass


def test_an_address_of_nothing_is_an_error_without_its_credentials():
    with pytest.raises(GitFailed) as caught, opened("https://user:secret@127.0.0.1:1/x"):
        pass
    assert "secret" not in str(caught.value)


def test_a_directory_that_is_no_repository_is_refused(tmp_path: Path):
    with pytest.raises(BadCall, match="is not in a git repository"), opened(str(tmp_path)):
        pass


def test_a_repository_is_its_own_home(origin: Path):
    assert home(discover(origin)) == origin


def test_the_home_of_a_clone_is_what_was_cloned(origin: Path):
    with opened(url(origin)) as repository:
        assert home(repository) == origin
