"""Which files of a registry differ between two trees, as `git diff-tree` tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rollbook.git.changes import ABSENT, changed_paths
from rollbook.layout import ROOT

if TYPE_CHECKING:
    from rollbook.git.changes import PathChange
    from rollbook.git.repository import Repository

_SUBMODULE = "160000"


class TreeChange(NamedTuple):
    """A file that differs. `path` is from the repository's root; `oid` is its new content's id, if any.

    `delta` is 1 for a file that came, -1 for one that went, 0 for one that changed.
    """

    path: str
    oid: str | None
    delta: int


def changes(repository: Repository, old: str, new: str) -> list[TreeChange]:
    """Return what becomes of the folder `registry/` from the tree `old` to the tree `new`, both of that
    folder.

    Raises GitFailed when the repository does not have one of them any more.
    """
    return [_change(change) for change in changed_paths(repository, old, new)]


def _change(change: PathChange) -> TreeChange:
    there = change.new_mode != ABSENT
    content = change.new_oid if there and change.new_mode != _SUBMODULE else None
    return TreeChange(f"{ROOT}/{change.path}", content, there - (change.old_mode != ABSENT))
