"""What each commit itself changes: of a merge, all that git's own merge of its parents would not make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.git.changes import changed_paths, changes_of_commits
from rollbook.git.main_history import merge_bases
from rollbook.git.merge import merge

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rollbook.git.changes import PathChange
    from rollbook.git.commits import Commit
    from rollbook.git.repository import Repository

# Merging again takes some processes for each. Beyond so many merges none is made again, and whatever one of
# them differs in from a parent is its own.
_MOST_MERGES = 100


def own_changes(repository: Repository, commits: Sequence[Commit]) -> dict[str, list[PathChange]]:
    """Return what each commit itself changes, by its id; nothing of those that change nothing.

    A merge of two commits is held against git's own merge of them: its own is what differs from that, how it
    settles a conflict, and what it takes where git had to guess (see `disputed`). Where git merges nothing
    (more than two parents, no common history), it is all that the merge differs in from any parent.
    Raises GitFailed when a commit is missing.
    """
    merges = [commit for commit in commits if len(commit.parents) == 2]
    if len(merges) > _MOST_MERGES:
        merges = []
    bases = {commit.oid: merge_bases(repository, *commit.parents) for commit in merges}
    again = [commit for commit in merges if bases[commit.oid]]
    plain = {commit.oid for commit in commits} - {commit.oid for commit in again}
    changes = _changes_of(repository, [commit for commit in commits if commit.oid in plain])
    for commit in again:
        changes[commit.oid] = _merged_otherwise(repository, commit, bases[commit.oid])
    return {oid: changed for oid, changed in changes.items() if changed}


def _changes_of(repository: Repository, commits: Sequence[Commit]) -> dict[str, list[PathChange]]:
    if len(commits) == 1 and len(commits[0].parents) == 1:
        # What leads from the one to the other, which whoever judges it asks as well.
        return {commits[0].oid: changed_paths(repository, commits[0].parents[0], commits[0].oid)}
    return changes_of_commits(repository, [commit.oid for commit in commits])


def disputed(repository: Repository, bases: Sequence[str]) -> set[str]:
    """Return the paths that the common ancestors of two commits do not agree on.

    Of two commits that were merged into each other before, git merges the common ancestors first. Which of
    two contents is the later one, that can't tell: what was taken back on one side may come again.
    """
    return {change.path for other in bases[1:] for change in changed_paths(repository, bases[0], other)}


def changes_at(repository: Repository, old: str, new: str, paths: Collection[str]) -> list[PathChange]:
    """Return what of these very paths differs between two commits."""
    if not paths:
        return []
    return [change for change in changed_paths(repository, old, new) if change.path in paths]


def _merged_otherwise(repository: Repository, commit: Commit, bases: Sequence[str]) -> list[PathChange]:
    again = merge(repository, *commit.parents)
    unsettled = disputed(repository, bases).union(again.conflicts)
    sides = [
        change
        for parent in commit.parents
        for change in changes_at(repository, parent, commit.oid, unsettled)
    ]
    return changed_paths(repository, again.written, commit.oid) + sides
