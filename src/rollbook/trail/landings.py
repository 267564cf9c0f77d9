"""What has landed on main: each of its first-parent commits, with what it changed against its first parent.

So a merge, a squash, a rebase and a direct push are all told by what they brought.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.git.changes import changes_along, changes_in
from rollbook.registry.change import FileChange

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rollbook.git.changes import PathChange
    from rollbook.git.main_history import LineCommit
    from rollbook.git.repository import Repository


@dataclass(frozen=True, slots=True)
class LandedChange:
    """A first-parent commit of main that touched the registry, and what it changed against its first parent.

    `parent` is None for the first commit of all. `committed_at` is the commit's own date (Unix time).
    """

    commit: str
    parent: str | None
    committed_at: int
    files: tuple[FileChange, ...]


def landed_changes(
    repository: Repository, tip: str, since: str | None = None, paths: Sequence[str] = (layout.ROOT,)
) -> list[LandedChange]:
    """Return the first-parent commits from `since` (excluded; None: from the beginning) to `tip` that touched
    the registry, or those of its `paths`, oldest first.
    """
    return _landed(changes_along(repository, tip, since, paths, few=layout.ROOT not in paths))


def changes_landed_in(
    repository: Repository, commits: Sequence[str], paths: Sequence[str]
) -> list[LandedChange]:
    """Those of these commits of main, in their order, that touched `paths`. Raises GitFailed when one isn't
    there."""
    return _landed(changes_in(repository, commits, paths))


def _landed(changed: Iterable[tuple[LineCommit, Iterable[PathChange]]]) -> list[LandedChange]:
    return [
        LandedChange(*commit, tuple(FileChange(*change) for change in changes)) for commit, changes in changed
    ]
