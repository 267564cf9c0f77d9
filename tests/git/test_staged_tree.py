"""The tree that the index makes, by the difference to HEAD: always the one that `git write-tree` writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from building.world import git
from rollbook.errors import Refused
from rollbook.git.repository import discover
from rollbook.git.staged import staged_tree

if TYPE_CHECKING:
    from pathlib import Path

# Few names, so that files take the places of directories and the other way round.
_PATHS = st.lists(st.sampled_from(["a", "b", "a.b", "ü"]), min_size=1, max_size=3).map("/".join)
_MODES = st.sampled_from(["100644", "100755", "120000"])
_TREES = st.dictionaries(_PATHS, st.tuples(_MODES, st.binary(min_size=1, max_size=2)), max_size=6).filter(
    lambda files: not any(other.startswith(f"{path}/") for path in files for other in files)
)


def _stage(root: Path, files: dict[str, tuple[str, bytes]]) -> None:
    git(root, "read-tree", "--empty")
    for path, (mode, content) in files.items():
        (root / "content").write_bytes(content)
        oid = git(root, "hash-object", "-w", "content").strip()
        git(root, "update-index", "--add", "--cacheinfo", f"{mode},{oid},{path}")


def _staged(root: Path) -> str:
    return staged_tree(discover(root))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    return tmp_path


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=_TREES, after=_TREES)
def test_it_is_the_tree_that_git_writes(
    root: Path, before: dict[str, tuple[str, bytes]], after: dict[str, tuple[str, bytes]]
) -> None:
    _stage(root, before)
    git(root, "commit", "--quiet", "--allow-empty", "-m", "before")
    _stage(root, after)
    assert _staged(root) == git(root, "write-tree")


def test_nothing_staged_is_heads_own_tree(root: Path) -> None:
    _stage(root, {"a/b": ("100644", b"1")})
    git(root, "commit", "--quiet", "-m", "first")
    assert _staged(root) == git(root, "rev-parse", "HEAD^{tree}").strip()


def test_a_submodule_stays_one(root: Path) -> None:
    _stage(root, {"a": ("100644", b"1")})
    git(root, "commit", "--quiet", "-m", "first")
    head = git(root, "rev-parse", "HEAD").strip()
    git(root, "update-index", "--add", "--cacheinfo", f"160000,{head},sub")
    assert _staged(root) == git(root, "write-tree").strip()


def test_before_the_first_commit_git_is_asked(root: Path) -> None:
    _stage(root, {"a": ("100644", b"1")})
    assert _staged(root) == git(root, "write-tree")


def test_with_conflicts_in_the_index_there_is_none(root: Path) -> None:
    _stage(root, {"a": ("100644", b"1")})
    git(root, "commit", "--quiet", "-m", "first")
    oid = git(root, "rev-parse", "HEAD:a").strip()
    lines = "".join(f"100644 {oid} {stage}\ta\n" for stage in (1, 2, 3))
    git(root, "rm", "--quiet", "--cached", "a")
    git(root, "update-index", "--index-info", stdin=lines)
    with pytest.raises(Refused, match="unmerged"):
        _staged(root)


def test_an_intent_to_add_is_no_part_of_it(root: Path) -> None:
    _stage(root, {"a": ("100644", b"1")})
    git(root, "commit", "--quiet", "-m", "first")
    (root / "b").write_bytes(b"2")
    git(root, "add", "--intent-to-add", "b")
    assert _staged(root) == git(root, "rev-parse", "HEAD^{tree}")
