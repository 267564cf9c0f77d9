"""Every mention of an object of DVC's in a repository: in any commit that any ref or stash leads to, and in
the index and the files of every working tree.

It errs on the side of finding too much. Whatever looks like a digest in a file that DVC tracks data with
counts, also in old commits, in other people's branches, in stashes, and in files that can't be parsed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.errors import InvalidFile, Refused
from rollbook.git.changes import every_blob
from rollbook.git.checkout import files_met, indexed_blobs, working_trees
from rollbook.git.objects import ObjectReader
from rollbook.git.refs import ref_ids
from rollbook.git.shallow import is_shallow
from rollbook.snapshot.tree_snapshot import TreeSnapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from rollbook.git.repository import Repository
    from rollbook.snapshot.snapshot import Snapshot

_DIGEST = re.compile(rb"(?<![0-9A-Za-z])[0-9a-f]{32}(?:\.dir)?(?![0-9A-Za-z])")
# DVC 3 says so of what it keeps under files/md5; what older versions track is kept elsewhere.
_OF_DVC_3 = re.compile(rb"hash:\s*md5")
_TRACKING = (":(top,glob)**/*.dvc", ":(top,glob)**/dvc.lock")
_LARGEST = 1 << 28


@dataclass(frozen=True, slots=True)
class Mention:
    """A file that mentions an object: its path, the object's name, and whether its format is DVC 3's."""

    path: str
    oid: str
    is_current: bool = True

    def elsewhere(self, address: str) -> Mention:
        """Return the same mention, in the repository at `address`."""
        return Mention(f"{address}: {self.path}", self.oid, self.is_current)


def mentions(repository: Repository) -> frozenset[Mention]:
    """Every mention of an object in a repository and its working trees.

    Raises Refused in a shallow clone, and when a file is too large to be read.
    """
    if is_shallow(repository):
        raise Refused(
            "this clone is shallow: it does not tell what still needs an object",
            hint="Fetch the whole history: git fetch --unshallow",
        )
    return frozenset((*_in_git(repository), *_bare_trees(repository), *_on_disk(repository)))


def is_tracking(path: str) -> bool:
    """Whether DVC tracks data with the file at `path`."""
    name = path.rpartition("/")[2]
    return name.endswith(".dvc") or name == "dvc.lock"


def _in_git(repository: Repository) -> Iterator[Mention]:
    """Yield what any commit, any stash and any index mentions."""
    blobs = every_blob(repository, _TRACKING)
    for oid, paths in indexed_blobs(repository, _TRACKING).items():
        blobs.setdefault(oid, set()).update(paths)
    reader = ObjectReader(repository)
    try:
        for (oid, paths), blob in zip(blobs.items(), reader.read_many(blobs, _LARGEST), strict=True):
            if blob is None or (blob.type == "blob" and blob.data is None):
                raise Refused(
                    f"the file {min(paths)!r} ({oid[:12]}) can't be read, so what it needs can't be told",
                    hint="Run `git fsck`, or fetch what is missing.",
                )
            yield from _in_file(paths, blob.data or b"")
    finally:
        reader.close()


def _bare_trees(repository: Repository) -> Iterator[Mention]:
    """Yield what refs mention that lead to a tree without a commit."""
    reader = ObjectReader(repository)
    try:
        ends = reader.read_many((f"{oid}^{{}}" for oid in set(ref_ids(repository).values())), 0)
        trees = {end.oid for end in ends if end is not None and end.type == "tree"}
    finally:
        reader.close()
    for oid in sorted(trees):
        snapshot = TreeSnapshot(repository, oid, f"the tree {oid[:12]}")
        yield from _in_snapshot(snapshot)
        snapshot.close()


def _on_disk(repository: Repository) -> Iterator[Mention]:
    """Yield what the files of every working tree mention, those that git ignores too."""
    for tree in working_trees(repository):
        if tree.exists:
            for path in filter(is_tracking, files_met(tree.directory, _TRACKING)):
                yield from _in_file([path], _content(tree.directory / path))
        elif tree.is_locked:
            raise Refused(
                f"the working tree {tree.directory} is not there, so what it needs can't be told",
                hint="Bring it back, or let go of it: git worktree unlock PATH, git worktree prune",
            )


def _content(path: Path) -> bytes:
    """Return a file's content, also behind a link, as DVC reads it; empty where there is no file."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise Refused(f"what {path} needs can't be told: {error.strerror}") from error
    if len(data) > _LARGEST:
        raise Refused(f"what {path} needs can't be told: it is too large", hint="Move it away.")
    return data


def _in_snapshot(snapshot: Snapshot) -> Iterator[Mention]:
    paths = [path for path in snapshot.modes("") if is_tracking(path)]
    try:
        contents = snapshot.read_many(paths)
    except InvalidFile as error:
        raise Refused(f"what is needed can't be told: {error}", hint=error.hint) from error
    for path, data in zip(paths, contents, strict=True):
        yield from _in_file([path], data or b"")


def _in_file(paths: Iterable[str], data: bytes) -> Iterator[Mention]:
    is_current = _OF_DVC_3.search(data) is not None
    for oid in {digest.decode() for digest in _DIGEST.findall(data)}:
        for path in paths:
            yield Mention(path, oid, is_current)
