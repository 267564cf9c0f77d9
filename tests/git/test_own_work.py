"""What a commit itself changes: of a merge, what git's own merge of its parents would not make."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from building.work_tree import new_repository
from rollbook.check.authors import authored_commits
from rollbook.git.commits import parse_commit, read_commit, read_commits
from rollbook.git.main_history import commits_between
from rollbook.git.merge import merge
from rollbook.git.own_work import own_changes
from rollbook.git.repository import Repository, discover

if TYPE_CHECKING:
    from pathlib import Path

_WHO = "A <a@example.com> 1700000000 +0000"


@dataclass(frozen=True)
class Loom:
    """Commits made without a working tree: any files, any parents, any headers."""

    root: Path
    repository: Repository

    def run(self, *arguments: str, stdin: str = "") -> str:
        done = subprocess.run(["git", *arguments], cwd=self.root, input=stdin.encode(), capture_output=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode().rstrip("\n")

    def tree(self, **files: str) -> str:
        blobs = {name: self.run("hash-object", "-w", "--stdin", stdin=text) for name, text in files.items()}
        return self.run(
            "mktree", stdin="".join(f"100644 blob {oid}\t{name}\n" for name, oid in blobs.items())
        )

    def commit(self, *parents: str, headers: str = "", **files: str) -> str:
        chain = "".join(f"parent {parent}\n" for parent in parents)
        text = f"tree {self.tree(**files)}\n{chain}author {_WHO}\ncommitter {_WHO}\n{headers}\nm\n"
        return self.run("hash-object", "-t", "commit", "-w", "--stdin", "--literally", stdin=text)

    def own(self, commit: str) -> set[str]:
        """The paths that a commit itself changes."""
        changes = own_changes(self.repository, [read_commit(self.repository, commit)])
        return {change.path for change in changes.get(commit, [])}


@pytest.fixture(scope="module")
def loom(tmp_path_factory: pytest.TempPathFactory) -> Loom:
    root = new_repository(tmp_path_factory.mktemp("own") / "work", {"x": "x"})
    return Loom(root, discover(root))


def test_a_merge_that_git_makes_no_otherwise_changes_nothing(loom: Loom) -> None:
    start = loom.commit(a="1", b="1")
    merge = loom.commit(loom.commit(start, a="2", b="1"), loom.commit(start, a="1", b="2"), a="2", b="2")
    assert loom.own(merge) == set()


@pytest.mark.parametrize("order", [1, -1])
def test_taking_an_old_side_is_the_mergers_own_whichever_parent_has_it(loom: Loom, order: int) -> None:
    start = loom.commit(a="old", b="1")
    parents = [loom.commit(start, a="new", b="1"), loom.commit(start, a="old", b="2")][::order]
    assert loom.own(loom.commit(*parents, a="old", b="2")) == {"a"}


def test_how_a_conflict_is_settled_is_the_mergers_own(loom: Loom) -> None:
    start = loom.commit(a="1")
    merge = loom.commit(loom.commit(start, a="2"), loom.commit(start, a="3"), a="3")
    assert loom.own(merge) == {"a"}


def test_a_conflict_left_as_git_leaves_it_is_the_mergers_own(loom: Loom) -> None:
    start = loom.commit(a="1", b="1")
    one, other = loom.commit(start, a="\0 2", b="1"), loom.commit(start, a="\0 3", b="2")
    assert loom.own(loom.commit(one, other, a="\0 2", b="2")) == {"a"}


def test_what_one_side_removed_and_the_merge_keeps_is_the_mergers_own(loom: Loom) -> None:
    start = loom.commit(a="1", b="1")
    merge = loom.commit(loom.commit(start, a="2", b="1"), loom.commit(start, b="1"), a="2", b="1")
    assert loom.own(merge) == {"a"}


def test_a_merge_of_three_owns_all_that_differs_from_any_parent(loom: Loom) -> None:
    old = loom.commit(a="old", b="1")
    new = loom.commit(old, a="new", b="1")
    idea = loom.commit(new, a="idea", b="1")
    assert loom.own(loom.commit(old, new, idea, a="old", b="1")) == {"a"}


def test_a_merge_of_another_history_owns_all_that_differs_from_a_parent(loom: Loom) -> None:
    ours, theirs = loom.commit(a="1", b="1"), loom.commit(b="1", c="1")
    assert loom.own(loom.commit(ours, theirs, a="1", b="1", c="1")) == {"a", "c"}


def test_the_first_commit_of_a_history_owns_all_it_holds(loom: Loom) -> None:
    assert loom.own(loom.commit(a="1", b="1")) == {"a", "b"}


def test_a_parent_where_git_looks_for_none_is_none(loom: Loom) -> None:
    start = loom.commit(a="1")
    admins = loom.commit(start, a="2")
    evil = loom.commit(start, headers=f"parent {admins}\n", a="2")
    assert read_commit(loom.repository, evil).parents == (start,)
    assert loom.own(evil) == {"a"}


@dataclass(frozen=True)
class Crossed:
    """A history in which `a` was made strict on both sides and loose again on one; main, `tip`, is strict."""

    first: str
    tried: str
    loosened: str
    tip: str


@pytest.fixture(scope="module")
def crossed(loom: Loom) -> Crossed:
    start = loom.commit(a="loose", b="1")
    first = loom.commit(start, a="strict", b="1")
    tried = loom.commit(start, a="strict", b="2")
    loosened = loom.commit(tried, a="loose", b="2")
    return Crossed(first, tried, loosened, loom.commit(first, loosened, a="strict", b="2"))


def test_what_git_has_to_guess_is_the_mergers_own(loom: Loom, crossed: Crossed) -> None:
    # Each of these merges is as git makes it, and the last is loose.
    one = loom.commit(crossed.first, crossed.tried, a="strict", b="2")
    loose = loom.commit(one, crossed.loosened, a="loose", b="2")
    last = loom.commit(crossed.tip, loose, a="loose", b="2")
    assert loom.run("merge-tree", "--write-tree", crossed.tip, loose) == loom.tree(a="loose", b="2")
    commits = list(read_commits(loom.repository, [one, loose]))
    assert own_changes(loom.repository, commits) == {}
    assert loom.own(last) == {"a"}


def test_what_git_has_to_guess_in_landing_is_held_against_each_merge(loom: Loom, crossed: Crossed) -> None:
    one = loom.commit(crossed.first, crossed.tried, a="strict", b="2")
    loose = loom.commit(one, crossed.loosened, a="loose", b="2")
    told = authored_commits(loom.repository, crossed.tip, loose)
    assert {commit.oid: commit.paths for commit in told} == {one: ("a",), loose: ("a",)}


def test_two_branches_that_were_merged_crosswise_leave_no_work_to_the_merger(loom: Loom) -> None:
    start = loom.commit(a="1", b="1", c="1")
    one, other = loom.commit(start, a="2", b="1", c="1"), loom.commit(start, a="1", b="2", c="1")
    here, there = loom.commit(one, other, a="2", b="2", c="1"), loom.commit(other, one, a="2", b="2", c="1")
    merge = loom.commit(loom.commit(here, a="2", b="2", c="2"), there, a="2", b="2", c="2")
    assert loom.own(merge) == set()


def test_of_very_many_merges_each_owns_all_that_differs_from_a_parent(loom: Loom) -> None:
    start = tip = loom.commit(a="1", b="1")
    side = loom.commit(start, a="1", b="2")
    one = loom.commit(start, side, a="1", b="2")
    for _ in range(101):
        tip = loom.commit(tip, side, a="1", b="2")
    commits = list(read_commits(loom.repository, commits_between(loom.repository, side, tip)))
    assert loom.own(one) == set()
    assert {
        change.path for changes in own_changes(loom.repository, commits).values() for change in changes
    } == {"b"}


# Of each step: a parent, another one (the same: no merge), and what `a` becomes (None: what git makes of it).
_STEPS = st.lists(
    st.tuples(st.integers(0, 99), st.integers(0, 99), st.sampled_from([None, None, "loose", "strict"])),
    min_size=4,
    max_size=9,
)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=_STEPS, base=st.integers(0, 99))
def test_nothing_changes_that_is_nobodys_own_work(
    loom: Loom, steps: list[tuple[int, int, str | None]], base: int
) -> None:
    history = [(loom.commit(a="loose", n="0"), "loose")]
    for number, (one, other, becomes) in enumerate(steps, 1):
        (parent, content), (second, _) = history[one % len(history)], history[other % len(history)]
        parents = [parent] if second == parent else [parent, second]
        if len(parents) == 2:
            again = merge(loom.repository, *parents)
            content = loom.run("cat-file", "blob", f"{again.written}:a")
        content = becomes or content
        history.append((loom.commit(*parents, a=content, n=str(number)), content))
    (main, before), (head, _) = history[base % len(history)], history[-1]
    merged = merge(loom.repository, main, head)
    if loom.run("cat-file", "blob", f"{merged.written}:a") != before:
        told = authored_commits(loom.repository, main, head)
        assert any("a" in commit.paths for commit in told)


def test_more_than_one_header_of_a_signature_is_counted() -> None:
    data = b"tree t\nauthor a <a> 1 +0\ngpgsig x\n y\ngpgsig-sha256 z\n w\n\nm\n"
    assert parse_commit("c", data).signature_headers == 2
