"""The tree that the index makes, in time that follows what is staged.

`git write-tree` goes over every directory of the index to see that its tree object is there. The difference
to HEAD tells the same, for what is staged only.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.errors import GitFailed, Refused
from rollbook.git.objects import ObjectReader
from rollbook.git.process import RAW, fields, git_failed, start_git, try_git
from rollbook.git.scratch import have_room
from rollbook.git.trees import DIRECTORY, changed_tree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.git.objects import TreeEntry
    from rollbook.git.repository import Repository

_ABSENT = "000000"
# What `git add --intent-to-add` leaves in the index has this content, and belongs to no tree.
_EMPTY_BLOB = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
# Beyond so many changes git is as quick.
_MOST = 1000


def staged_tree(repository: Repository) -> str:
    """Return the id of the tree that the index would be committed as, written where it is new.

    Inside a hook of `git commit` the index may be a temporary one, which git names in GIT_INDEX_FILE; that
    one is read then, unless it is another repository's. Raises Refused while a merge's conflicts stand in it.
    """
    have_room(repository.common_dir)
    index = Path(os.environ.get("GIT_INDEX_FILE", "")).absolute()
    variables = {"GIT_INDEX_FILE": str(index)} if index.is_relative_to(repository.git_dir) else {}
    changes = _staged_changes(repository, variables)
    tree = None if changes is None else _tree(repository, changes)
    if tree is not None:
        return tree
    done = try_git(repository, "write-tree", variables=variables)
    if done.returncode:
        if b"unmerged" in done.stderr or b"error building trees" in done.stderr:
            raise Refused(
                "the index holds unmerged files", hint="Resolve the conflicts and stage the result."
            )
        raise git_failed(["write-tree"], done.stderr)
    return done.stdout.decode().removesuffix("\n")


def _staged_changes(
    repository: Repository, variables: Mapping[str, str]
) -> dict[str, tuple[str, str] | None] | None:
    """Return what the index has otherwise than HEAD. None where only git itself can tell the tree: before the
    first commit, while a merge's conflicts stand in the index, with an empty file that is staged, or after
    very many changes.
    """
    listed = try_git(repository, "diff-index", "--cached", *RAW, "HEAD", "--", variables=variables)
    if listed.returncode:
        return None
    changes: dict[str, tuple[str, str] | None] = {}
    parts = fields(listed.stdout)
    if len(parts) > 2 * _MOST:
        return None
    for facts, path in zip(parts[::2], parts[1::2], strict=True):
        _, mode, _, oid, status = facts.split(" ")
        if status == "U" or oid == _EMPTY_BLOB:
            return None
        changes[path] = None if mode == _ABSENT else (mode, oid)
    return changes


def _tree(repository: Repository, changes: Mapping[str, tuple[str, str] | None]) -> str | None:
    reader, writer = ObjectReader(repository), _TreeWriter(repository)
    try:
        head = reader.read("HEAD^{tree}", 0)
        if head is None:
            return None
        return changed_tree(reader, head.oid, changes, writer.store) if changes else head.oid
    finally:
        reader.close()
        writer.close()


class _TreeWriter:
    """A `git mktree --batch` process, started at the first tree."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._process: subprocess.Popen[bytes] | None = None

    def store(self, entries: Sequence[TreeEntry]) -> str:
        """Write a tree and return its id. Raises GitFailed when git does not take it."""
        if self._process is None:
            # --missing: the objects in it stand in the index, or in a tree already.
            arguments = ("mktree", "--batch", "--missing", "-z")
            self._process = start_git(
                self._repository, *arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        lines = "".join(f"{entry.mode} {_type(entry)} {entry.oid}\t{entry.name}\0" for entry in entries)
        try:
            process.stdin.write(f"{lines}\0".encode(errors="surrogateescape"))
            process.stdin.flush()
        except BrokenPipeError as error:
            raise GitFailed("git mktree ended early") from error
        oid = process.stdout.readline().decode().strip()
        if not oid:
            raise GitFailed("git mktree ended early")
        return oid

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.communicate()


def _type(entry: TreeEntry) -> str:
    if entry.mode == DIRECTORY:
        return "tree"
    return "commit" if entry.mode == "160000" else "blob"
