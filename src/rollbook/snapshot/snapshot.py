"""The files of a repository as they stand at one place: a commit, the index, or the working tree.

Everything that reads a registry reads a Snapshot, so the same code answers for all of them. Paths are
relative to the repository's root, with `/` between their parts. Symbolic links are never followed.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from typing import TYPE_CHECKING, NamedTuple, Protocol

from rollbook.errors import InvalidFile
from rollbook.git.checkout import known_files
from rollbook.git.objects import ObjectReader, tree_entries, tree_names
from rollbook.git.repository import resolve_commit
from rollbook.git.staged import staged_tree
from rollbook.git.trees import paths_named, tree_files
from rollbook.snapshot.safe_open import open_beneath

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from rollbook.git.repository import Repository
    from rollbook.records.manifest import Artifact

MAX_FILE = 1 << 20
_MAX_TREE = 1 << 28
_TREE = "40000"  # as a tree object writes a directory's mode

DIRECTORY, FILE, EXECUTABLE, LINK, SUBMODULE, SPECIAL = (
    "040000",
    "100644",
    "100755",
    "120000",
    "160000",
    "000000",
)


class Entry(NamedTuple):
    """A file of a snapshot: its git mode, and what tells its content from any other.

    In a git tree that is the content's id. In the working tree it is what the operating system says of the
    file, which changes with every write, and `touched` is when it did, in nanoseconds of the file system's
    clock.
    """

    mode: str
    identity: str
    touched: int = 0


class Snapshot(Protocol):
    """A read-only view of a repository's files."""

    label: str

    @property
    def commit(self) -> str | None:
        """The id of the commit whose tree this is; None when it is no commit's."""

    def modes(self, directory: str) -> Mapping[str, str]:
        """Every file below `directory`, its path and its git mode (`100644`, `120000` for a link, ...).

        The repository's root is the directory of the empty name.
        """

    def children(self, directories: Sequence[str]) -> list[dict[str, bool]]:
        """For each directory the names in it, and whether each is a directory; none when it doesn't exist."""

    def read_many(self, paths: Sequence[str]) -> list[bytes | None]:
        """The content of each file; None where there is none. In a git tree a link reads as its target.

        Raises InvalidFile for a file above 1 MiB, which no file of a registry is.
        """

    def mode(self, path: str) -> str | None:
        """The git mode of the file at `path`; None where no file is. A link is followed by nobody."""

    def artifact(self, model: str, version: str) -> Artifact | None:
        """Return what a version's manifest says of its artifact, where that is told without the file."""

    def close(self) -> None:
        """Let go of what the snapshot holds open."""


class TreeSnapshot:
    """A git tree: a commit's, the index's, or that of a merge that nobody has made yet."""

    def __init__(self, repository: Repository, treeish: str, label: str, commit: str | None = None) -> None:
        self.repository = repository
        self.treeish = treeish
        self.label = label
        self.commit = commit
        self._objects = ObjectReader(repository)

    def commit_id(self) -> str | None:
        """The id of the commit that the snapshot's name stands for; None when it is no commit."""
        # The process that reads the files answers this too, which saves starting another.
        found = self._objects.read(f"{self.treeish}^{{commit}}", 0)
        return found.oid if found is not None and found.type == "commit" else None

    def tree_id(self, directory: str) -> str | None:
        """The id of the tree that stands at `directory`; None when there is none."""
        found = self._objects.read(f"{self.treeish}:{directory}", 0)
        return found.oid if found is not None and found.type == "tree" else None

    def modes(self, directory: str) -> Mapping[str, str]:
        return self.modes_at([f"{directory}/"] if directory else [])

    def modes_at(self, paths: Sequence[str]) -> Mapping[str, str]:
        """Every file at or below each of `paths`, with its mode; all files for no paths at all."""
        return {file.path: file.mode for file in tree_files(self.repository, self.treeish, paths)}

    def entries(self, directory: str) -> Mapping[str, Entry]:
        """Every file below `directory`, its mode and its content's id."""
        listed = tree_files(self.repository, self.treeish, [f"{directory}/"])
        return {file.path: Entry(file.mode, file.oid) for file in listed}

    def paths_of(self, name: str, directory: str) -> list[str]:
        """The paths of all files of this name somewhere below `directory`."""
        return paths_named(self.repository, self.treeish, directory, name)

    def children(self, directories: Sequence[str]) -> list[dict[str, bool]]:
        trees = self._objects.read_many([f"{self.treeish}:{path}" for path in directories], _MAX_TREE)
        return [
            tree_names(tree.data)
            if tree is not None and tree.type == "tree" and tree.data is not None
            else {}
            for tree in trees
        ]

    def subtrees(self, directories: Sequence[str]) -> list[dict[str, str]]:
        """For each directory the directories in it, by name, each with the id of its tree."""
        trees = self._objects.read_many([f"{self.treeish}:{path}" for path in directories], _MAX_TREE)
        return [
            {entry.name: entry.oid for entry in tree_entries(tree.data) if entry.mode == _TREE}
            if tree is not None and tree.type == "tree" and tree.data is not None
            else {}
            for tree in trees
        ]

    def read_many(self, paths: Sequence[str]) -> list[bytes | None]:
        blobs = self._objects.read_many([f"{self.treeish}:{path}" for path in paths], MAX_FILE)
        contents: list[bytes | None] = []
        for path, blob in zip(paths, blobs, strict=True):
            if blob is None or blob.type != "blob":
                contents.append(None)
            elif blob.data is None:
                raise too_large(path, blob.size)
            else:
                contents.append(blob.data)
        return contents

    def entry(self, path: str) -> Entry | None:
        """The mode and the content's id of the file at `path`; None where no file is."""
        directory, _, name = path.rpartition("/")
        tree = self._objects.read(f"{self.treeish}:{directory}", _MAX_TREE)
        if tree is None or tree.type != "tree" or tree.data is None:
            return None
        found = next((entry for entry in tree_entries(tree.data) if entry.name == name), None)
        return None if found is None or found.mode == _TREE else Entry(found.mode, found.oid)

    def mode(self, path: str) -> str | None:
        entry = self.entry(path)
        return entry.mode if entry else None

    def artifact(self, model: str, version: str) -> None:
        """The manifest has to be read."""

    def close(self) -> None:
        self._objects.close()


class WorktreeSnapshot:
    """The files that stand in the working tree, without those that git ignores."""

    commit: str | None = None
    label = "the working tree"

    def __init__(self, repository: Repository, root: Path) -> None:
        self.repository = repository
        self.root = root

    def modes(self, directory: str) -> Mapping[str, str]:
        return {path: _git_mode(facts.st_mode) for path, facts in self._facts(directory)}

    def entries(self, directory: str) -> Mapping[str, Entry]:
        """Every file below `directory`, its mode and what the operating system says of it."""
        return {path: _entry(facts) for path, facts in self._facts(directory)}

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
        entry = self.entry(path)
        return entry.mode if entry else None

    def entry(self, path: str) -> Entry | None:
        """The mode of the file at `path`, and what the operating system says of it; None where no file is."""
        facts = _looking(str(self.root))(path)
        return None if facts is None else _entry(facts)

    def artifact(self, model: str, version: str) -> None:
        """The manifest has to be read."""

    def root_names(self) -> list[str]:
        """The names of all that stands in the repository's root, also of what git ignores."""
        return [path.name for path in self.root.iterdir()]

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
    """What stands at a path below `root`, with no link on the way; None where nothing does. Each directory is
    looked at once: the index may still name files below what is a link by now."""
    known = {"": True}

    def is_directory(path: str) -> bool:
        here = ""
        for part in path.split("/") if path not in known else ():
            around, here = here, f"{here}/{part}" if here else part
            if here not in known:
                known[here] = known[around] and _is_directory(f"{root}/{here}")
        return known[path]

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


def _entry(facts: os.stat_result) -> Entry:
    identity = f"{facts.st_mtime_ns} {facts.st_ctime_ns} {facts.st_size} {facts.st_ino} {facts.st_dev}"
    # Windows keeps no time of change that a program can't set: no file there counts as the same as before.
    touched = max(facts.st_mtime_ns, facts.st_ctime_ns) if os.name != "nt" else sys.maxsize
    return Entry(_git_mode(facts.st_mode), identity, touched)


def too_large(path: str, size: int) -> InvalidFile:
    return InvalidFile(
        f"the file has {size:,} bytes; files of a registry have at most {MAX_FILE:,}",
        path=path,
        hint="Artifacts belong into the DVC remote; leave large values out.",
    )


def commit_snapshot(repository: Repository, revision: str) -> TreeSnapshot:
    """The files at a revision. Raises NotFound when it names no commit."""
    snapshot = TreeSnapshot(repository, revision, revision)
    commit = snapshot.commit_id() or resolve_commit(repository, revision)
    snapshot.commit, snapshot.treeish = commit, commit
    return snapshot


def index_snapshot(repository: Repository) -> TreeSnapshot:
    """The staged files, as a hook of `git commit` is given them. Raises Refused while a merge's conflicts
    stand in the index."""
    return TreeSnapshot(repository, staged_tree(repository), "the index")


def worktree_snapshot(repository: Repository) -> Snapshot:
    """The files of the working tree; those of HEAD in a bare repository."""
    if repository.work_tree is None:
        return commit_snapshot(repository, "HEAD")
    return WorktreeSnapshot(repository, repository.work_tree)


def _open_without_links(root: Path, path: str) -> int | None:
    if not path or ".." in path.split("/")[:-1]:
        return None
    try:
        return open_beneath(root, path)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return None
        raise InvalidFile(f"can't be read: {error.strerror}", path=path) from error
