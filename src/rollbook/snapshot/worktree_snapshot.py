"""The files that stand in a working tree."""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.errors import InvalidFile
from rollbook.git import checkout
from rollbook.git.checkout import known_files
from rollbook.git.repository import discover
from rollbook.snapshot.safe_open import open_beneath
from rollbook.snapshot.snapshot import (
    EXECUTABLE,
    FILE,
    LINK,
    MAX_FILE,
    SPECIAL,
    SUBMODULE,
    FileIdentity,
    OnDisk,
    Snapshot,
    too_large,
)
from rollbook.snapshot.tree_snapshot import TreeSnapshot, commit_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rollbook.git.repository import Repository


class WorktreeSnapshot(Snapshot):
    """The files that stand in the working tree, without those that git ignores."""

    commit: str | None = None
    label = "the working tree"

    def __init__(self, repository: Repository, root: Path) -> None:
        self.repository = repository
        self.root = root

    def modes(self, directory: str) -> Mapping[str, str]:
        return {path: _git_mode(facts.st_mode) for path, facts in self._facts(directory)}

    def identities(self, directory: str) -> Mapping[str, FileIdentity]:
        return {path: _identity(facts) for path, facts in self._facts(directory)}

    def _facts(self, directory: str) -> Iterator[tuple[str, os.stat_result]]:
        look = _looking(str(self.root))
        for path in known_files(self.repository, directory):
            facts = look(path)
            if facts is not None:
                yield path, facts

    def children(self, directories: Sequence[str]) -> list[dict[str, bool]]:
        return [self._children(directory) for directory in directories]

    def read_many(self, paths: Sequence[str]) -> list[bytes | None]:
        return [self._read(path) for path in paths]

    def mode(self, path: str) -> str | None:
        identity = self.identity(path)
        return identity.mode if identity else None

    def identity(self, path: str) -> FileIdentity | None:
        facts = _looking(str(self.root))(path)
        return None if facts is None else _identity(facts)

    def index_digest(self) -> str | None:
        return checkout.index_digest(self.repository)

    def is_as_indexed(self, directory: str) -> bool:
        return checkout.is_as_indexed(self.repository, directory)

    def looks_at_all(self, directory: str) -> bool:
        return checkout.is_looked_at(self.repository, directory)

    def root_names(self) -> list[str]:
        return [path.name for path in self.root.iterdir()]

    def on_disk(self) -> OnDisk:
        return OnDisk(str(self.root), None)

    def close(self) -> None:
        """Nothing is held open."""

    def _children(self, directory: str) -> dict[str, bool]:
        start = len(directory) + 1 if directory else 0
        look = _looking(str(self.root))
        names: dict[str, bool] = {}
        for path in known_files(self.repository, directory):
            name, slash, _ = path[start:].partition("/")
            if name not in names and look(path) is not None:
                names[name] = bool(slash)
        return names

    def _read(self, path: str) -> bytes | None:
        descriptor = _open_without_links(self.root, path)
        if descriptor is None:
            return None
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            return None
        with os.fdopen(descriptor, "rb") as file:
            data = file.read(MAX_FILE + 1)
        if len(data) > MAX_FILE:
            raise too_large(path, (self.root / path).lstat().st_size)
        return data


def _looking(root: str) -> Callable[[str], os.stat_result | None]:
    """Return what stands at a path below `root`, with no link on the way; None where nothing does. Each
    directory is looked at once: the index may still name files below what is a link by now.
    """
    directories = {"": True}

    def is_directory(path: str) -> bool:
        here = ""
        for part in path.split("/") if path not in directories else ():
            around, here = here, f"{here}/{part}" if here else part
            if here not in directories:
                directories[here] = directories[around] and _is_directory(f"{root}/{here}")
        return directories[path]

    def look(path: str) -> os.stat_result | None:
        try:
            return os.lstat(f"{root}/{path}") if is_directory(path.rpartition("/")[0]) else None
        except (FileNotFoundError, NotADirectoryError):
            return None

    return look


def _is_directory(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _git_mode(mode: int) -> str:
    if stat.S_ISREG(mode):
        return EXECUTABLE if mode & stat.S_IXUSR else FILE
    if stat.S_ISLNK(mode):
        return LINK
    return SUBMODULE if stat.S_ISDIR(mode) else SPECIAL


def _identity(facts: os.stat_result) -> FileIdentity:
    identity = f"{facts.st_mtime_ns} {facts.st_ctime_ns} {facts.st_size} {facts.st_ino} {facts.st_dev}"
    # Windows keeps no time of change that a program can't set: no file there counts as the same as before.
    touched = max(facts.st_mtime_ns, facts.st_ctime_ns) if os.name != "nt" else sys.maxsize
    return FileIdentity(_git_mode(facts.st_mode), identity, touched)


def worktree_snapshot(repository: Repository) -> Snapshot:
    """Return the files of the working tree; those of HEAD in a bare repository."""
    if repository.work_tree is None:
        return commit_snapshot(repository, "HEAD")
    return WorktreeSnapshot(repository, repository.work_tree)


def snapshot_on_disk(place: OnDisk) -> Snapshot:
    """Return the files that another process names by the place where they are."""
    directory = Path(place.directory)
    repository = discover(directory)
    if place.tree is None:
        return WorktreeSnapshot(repository, directory)
    return TreeSnapshot(repository, place.tree, "")


def _open_without_links(root: Path, path: str) -> int | None:
    if not path or ".." in path.split("/")[:-1]:
        return None
    try:
        return open_beneath(root, path)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return None
        raise InvalidFile(f"can't be read: {error.strerror}", path=path) from error
