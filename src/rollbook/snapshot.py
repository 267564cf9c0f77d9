"""The files of a repository as they stand at one place: a commit, the index, or the working tree.

Everything that reads a registry reads a Snapshot, so the same code answers for all of them. Paths are
relative to the repository's root, with `/` between their parts. Symbolic links are never followed.
"""

from __future__ import annotations

import errno
import os
import stat
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rollbook.beneath import open_beneath
from rollbook.errors import InvalidFile, Refused
from rollbook.git.objects import ObjectReader, tree_names
from rollbook.git.process import clean_environment, git_failed, try_git
from rollbook.git.repository import resolve_commit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.git.repository import Repository

MAX_FILE = 1 << 20
_MAX_TREE = 1 << 28

DIRECTORY, FILE, EXECUTABLE, LINK, SUBMODULE, SPECIAL = (
    "040000",
    "100644",
    "100755",
    "120000",
    "160000",
    "000000",
)


class Snapshot(Protocol):
    """A read-only view of a repository's files."""

    label: str
    commit: str | None

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

    def close(self) -> None:
        """Let go of what the snapshot holds open."""


class TreeSnapshot:
    """A git tree: a commit's, the index's, or that of a merge that nobody has made yet."""

    def __init__(self, repository: Repository, treeish: str, label: str, commit: str | None = None) -> None:
        self.repository = repository
        self.treeish = treeish
        self.label = label
        self.commit = commit
        self._objects = ObjectReader(repository.directory)

    def commit_id(self) -> str | None:
        """The id of the commit that the snapshot's name stands for; None when it is no commit."""
        # The process that reads the files answers this too, which saves starting another.
        found = self._objects.read(f"{self.treeish}^{{commit}}", 0)
        return found.oid if found is not None and found.type == "commit" else None

    def modes(self, directory: str) -> Mapping[str, str]:
        return self.modes_at([f"{directory}/"] if directory else [])

    def modes_at(self, paths: Sequence[str]) -> Mapping[str, str]:
        """Every file at or below each of `paths`, with its mode; all files for no paths at all."""
        listed = self.repository.git("ls-tree", "-r", "-z", "--full-tree", self.treeish, "--", *paths)
        modes = {}
        for line in listed.decode(errors="surrogateescape").split("\0")[:-1]:
            facts, _, path = line.partition("\t")
            modes[path] = facts[:6]
        return modes

    def children(self, directories: Sequence[str]) -> list[dict[str, bool]]:
        trees = self._objects.read_many([f"{self.treeish}:{path}" for path in directories], _MAX_TREE)
        return [
            tree_names(tree.data)
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

    def close(self) -> None:
        self._objects.close()


class WorktreeSnapshot:
    """The files that stand in the working tree, without those that git ignores."""

    commit: str | None = None
    label = "the working tree"

    def __init__(self, repository: Repository, root: Path) -> None:
        self._repository = repository
        self._root = root

    def modes(self, directory: str) -> Mapping[str, str]:
        inside = f":(top,literal){directory}/" if directory else ":(top)"
        listed = self._repository.git(
            "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", inside
        )
        listing = listed.decode(errors="surrogateescape").split("\0")[:-1]
        paths = dict.fromkeys(path.rstrip("/") for path in listing)
        # The index may still name files below what is a link by now.
        is_real = cache(self._is_directory)
        modes = ((path, self._mode(path)) for path in paths if all(map(is_real, _parents(path))))
        return {path: mode for path, mode in modes if mode is not None}

    def children(self, directories: Sequence[str]) -> list[dict[str, bool]]:
        return [self._children(directory) for directory in directories]

    def read_many(self, paths: Sequence[str]) -> list[bytes | None]:
        return [self._read(path) for path in paths]

    def close(self) -> None:
        """Nothing is held open."""

    def _children(self, directory: str) -> dict[str, bool]:
        start = len(directory) + 1 if directory else 0
        names: dict[str, bool] = {}
        for path in self.modes(directory):
            name, slash, _ = path[start:].partition("/")
            names[name] = bool(slash)
        return names

    def _is_directory(self, path: str) -> bool:
        try:
            return stat.S_ISDIR((self._root / path).lstat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return False

    def _mode(self, path: str) -> str | None:
        try:
            mode = (self._root / path).lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return None
        if stat.S_ISREG(mode):
            return EXECUTABLE if mode & stat.S_IXUSR else FILE
        if stat.S_ISLNK(mode):
            return LINK
        return SUBMODULE if stat.S_ISDIR(mode) else SPECIAL

    def _read(self, path: str) -> bytes | None:
        descriptor = _open_without_links(self._root, path)
        if descriptor is None:
            return None
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            return None
        with os.fdopen(descriptor, "rb") as file:
            data = file.read(MAX_FILE + 1)
        if len(data) > MAX_FILE:
            raise too_large(path, (self._root / path).lstat().st_size)
        return data


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
    """The staged files.

    Inside a hook of `git commit` the index may be a temporary one, which git names in GIT_INDEX_FILE;
    that one is read then, unless it is another repository's. Raises Refused while a merge's conflicts
    stand in it.
    """
    index = Path(os.environ.get("GIT_INDEX_FILE", "")).absolute()
    own = index.is_relative_to(repository.git_dir)
    variables = {"GIT_INDEX_FILE": str(index)} if own else {}
    done = try_git(repository.directory, "write-tree", environment=clean_environment(**variables))
    if done.returncode:
        if b"unmerged" in done.stderr or b"error building trees" in done.stderr:
            raise Refused(
                "the index holds unmerged files", hint="Resolve the conflicts and stage the result."
            )
        raise git_failed(["write-tree"], done.stderr)
    return TreeSnapshot(repository, done.stdout.decode().strip(), "the index")


def worktree_snapshot(repository: Repository) -> Snapshot:
    """The files of the working tree; those of HEAD in a bare repository."""
    if repository.work_tree is None:
        return commit_snapshot(repository, "HEAD")
    return WorktreeSnapshot(repository, repository.work_tree)


def _parents(path: str) -> list[str]:
    """The directories on the way to `path`, the outermost first."""
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]


def _open_without_links(root: Path, path: str) -> int | None:
    if not path or ".." in path.split("/")[:-1]:
        return None
    try:
        return open_beneath(root, path)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return None
        raise InvalidFile(f"can't be read: {error.strerror}", path=path) from error
