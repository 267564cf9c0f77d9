"""Merging two commits without a working tree: what would stand there, or what conflicts."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rollbook.errors import GitFailed, Refused
from rollbook.git.changes import EMPTY_TREE
from rollbook.git.process import git_failed, text, try_git
from rollbook.git.repository import share_history
from rollbook.git.scratch import have_room

if TYPE_CHECKING:
    from rollbook.git.repository import Repository

# Guessing renames would move a change in one file into another one. A registry's files don't move.
_PLAIN = ("-c", "merge.renames=false", "-c", "merge.directoryRenames=false", "-c", "merge.renormalize=false")
# Attributes choose how files merge, and programs that do: neither the user's count, nor those of files in a
# working tree or of a bare repository's HEAD.
_NO_ATTRIBUTES = ("-c", f"core.attributesFile={os.devnull}", "-c", f"attr.tree={EMPTY_TREE}")


@dataclass(frozen=True, slots=True)
class Merge:
    """The outcome of a merge: the id of the merged tree, or None and the paths that conflict. `written` is
    the tree that git leaves either way, where they conflict with its marks or one side's content."""

    tree: str | None
    conflicts: tuple[str, ...] = ()
    written: str = ""


def merge(repository: Repository, ours: str, theirs: str) -> Merge:
    """Merge two commits, named by their ids, into a tree; nothing but objects is written. Needs git 2.38.

    Raises Refused when the two share no history, GitFailed when git can't merge at all.
    """
    have_room(repository.common_dir)
    commits = ours, theirs
    shape = ("--write-tree", "-z", "--name-only", "--no-messages")
    bare = replace(repository, work_tree=None)
    arguments = (*_PLAIN, *_NO_ATTRIBUTES, "merge-tree", *shape, *commits)
    done = try_git(bare, *arguments, variables={"GIT_ATTR_NOSYSTEM": "1"})
    if done.returncode > 1 or not done.stdout:
        raise _failed(repository, commits, done.stderr)
    tree, *paths = text(done.stdout).split("\0")
    if done.returncode == 0:
        return Merge(tree, written=tree)
    return Merge(None, tuple(dict.fromkeys(path for path in paths if path)), tree)


def _failed(repository: Repository, commits: tuple[str, str], stderr: bytes) -> Refused | GitFailed:
    if not share_history(repository, *commits):
        return Refused(
            "the two commits share no history",
            hint="Start the change from the main branch; in CI, fetch the whole history (fetch-depth: 0).",
        )
    return git_failed(["merge-tree"], stderr)
