from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from building.work_tree import commit, new_repository
from building.world import git
from rollbook.errors import Conflict, GitFailed
from rollbook.git.refs import NO_OBJECT, RefUpdate, fetch, fetch_tags, push, update_refs
from rollbook.git.repository import Repository, discover

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Pair:
    """A repository and the bare one it was cloned from; two commits, the remote at the first."""

    root: Path
    origin: Path
    first: str
    second: str

    @property
    def repository(self) -> Repository:
        return discover(self.root)

    def there(self, ref: str) -> str:
        return git(self.origin, "for-each-ref", "--format=%(objectname)", ref)

    def here(self, ref: str) -> str:
        return git(self.root, "for-each-ref", "--format=%(objectname)", ref)


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    root = new_repository(tmp_path / "work", {"x": "x"})
    git(tmp_path, "clone", "--quiet", "--bare", "work", "origin.git")
    git(root, "remote", "add", "origin", str(tmp_path / "origin.git"))
    first = git(root, "rev-parse", "HEAD")
    return Pair(root, tmp_path / "origin.git", first, commit(root))


A, B = "refs/heads/a", "refs/tags/credit@v1.0.0"


def test_refs_are_made_moved_and_removed(pair: Pair):
    update_refs(pair.repository, [RefUpdate(A, pair.first, NO_OBJECT), RefUpdate(B, pair.first, NO_OBJECT)])
    update_refs(pair.repository, [RefUpdate(A, pair.second, pair.first), RefUpdate(B, NO_OBJECT, pair.first)])
    assert (pair.here(A), pair.here(B)) == (pair.second, "")


def test_no_ref_moves_when_one_is_not_where_it_should_be(pair: Pair):
    git(pair.root, "update-ref", B, pair.second)
    with pytest.raises(Conflict, match="has moved meanwhile"):
        update_refs(
            pair.repository, [RefUpdate(A, pair.first, NO_OBJECT), RefUpdate(B, pair.second, pair.first)]
        )
    assert (pair.here(A), pair.here(B)) == ("", pair.second)


def test_a_ref_that_exists_is_not_made_again(pair: Pair):
    git(pair.root, "update-ref", A, pair.first)
    with pytest.raises(Conflict):
        update_refs(pair.repository, [RefUpdate(A, pair.second, NO_OBJECT)])
    assert pair.here(A) == pair.first


def test_nothing_to_move_is_fine(pair: Pair):
    update_refs(pair.repository, [])
    push(pair.repository, "nowhere", [])


def test_refs_are_pushed_together(pair: Pair):
    push(
        pair.repository,
        "origin",
        [RefUpdate("refs/heads/main", pair.second, pair.first), RefUpdate(B, pair.second, NO_OBJECT)],
    )
    assert (pair.there("refs/heads/main"), pair.there(B)) == (pair.second, pair.second)


def test_a_remote_ref_is_removed(pair: Pair):
    git(pair.origin, "update-ref", A, pair.first)
    push(pair.repository, "origin", [RefUpdate(A, NO_OBJECT, pair.first)])
    assert pair.there(A) == ""


def test_no_ref_is_pushed_when_the_remote_has_moved(pair: Pair):
    git(pair.origin, "update-ref", A, pair.first)
    with pytest.raises(Conflict, match="somebody else was first"):
        push(
            pair.repository,
            "origin",
            [RefUpdate("refs/heads/main", pair.second, pair.first), RefUpdate(A, pair.second, NO_OBJECT)],
        )
    assert (pair.there("refs/heads/main"), pair.there(A)) == (pair.first, pair.first)


def test_a_ref_that_somebody_else_removed_is_a_conflict(pair: Pair):
    with pytest.raises(Conflict):
        push(pair.repository, "origin", [RefUpdate(A, pair.second, pair.first)])
    assert pair.there(A) == ""


def test_a_remote_that_refuses_tells_why(pair: Pair):
    hook = pair.origin / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'two reviews are needed' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(GitFailed, match="two reviews are needed"):
        push(pair.repository, "origin", [RefUpdate("refs/heads/main", pair.second, pair.first)])
    assert pair.there("refs/heads/main") == pair.first


def test_a_remote_that_is_not_there_is_an_error(pair: Pair):
    git(pair.root, "remote", "set-url", "origin", "/nowhere.git")
    with pytest.raises(GitFailed, match="does not appear to be a git repository"):
        push(pair.repository, "origin", [RefUpdate(A, pair.second, NO_OBJECT)])


def test_fetching_brings_the_remotes_branches(pair: Pair):
    git(pair.root, "push", "--quiet", "origin", "main:other")
    git(pair.root, "update-ref", "-d", "refs/remotes/origin/other")
    fetch(pair.repository, "origin")
    assert pair.here("refs/remotes/origin/other") == pair.second


def test_a_remote_named_like_an_option_is_no_option(pair: Pair):
    with pytest.raises(GitFailed):
        fetch(pair.repository, "--upload-pack=touch pwned")
    assert not (pair.root / "pwned").exists()


def test_fetching_tags_brings_them_all(pair: Pair):
    git(pair.origin, "tag", "-a", "-m", "x", "credit@v1.0.0", pair.first)
    fetch_tags(pair.repository, "origin")
    assert pair.here(B) == pair.there(B) != ""


def test_a_tag_that_differs_is_left_as_it_is_and_named(pair: Pair):
    git(pair.origin, "tag", "credit@v1.0.0", pair.first)
    git(pair.root, "tag", "credit@v1.0.0", pair.second)
    with pytest.raises(Conflict, match=r"tags differ from those of origin: credit@v1\.0\.0"):
        fetch_tags(pair.repository, "origin")
    assert pair.here(B) == pair.second
