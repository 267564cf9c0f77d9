"""The files of a repository as they stand at one place: a commit, the index, the working tree, or elsewhere.

Everything that reads a registry reads a Snapshot, so the same code answers for all of them. Paths are
relative to the repository's root, with `/` between their parts. Symbolic links are never followed.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple, Protocol

from rollbook.errors import InvalidFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rollbook.records.manifest import Artifact

MAX_FILE = 1 << 20
MAX_TREE = 1 << 28

DIRECTORY, FILE, EXECUTABLE, LINK, SUBMODULE, SPECIAL = (
    "040000",
    "100644",
    "100755",
    "120000",
    "160000",
    "000000",
)


class FileIdentity(NamedTuple):
    """A file's git mode, and what tells its content from any other.

    In a git tree that is the content's id. In the working tree it is what the operating system says of the
    file, which changes with every write, and `touched` is when it did, in nanoseconds of the file system's
    clock. Where nothing tells contents apart, it is empty and touched at any time.
    """

    mode: str
    identity: str
    touched: int = 0


class OnDisk(NamedTuple):
    """Where another process of this machine finds a snapshot's files: in the repository at `directory`, the
    git tree of that id or name; None for its working tree."""

    directory: str
    tree: str | None


class Snapshot(Protocol):
    """A read-only view of a repository's files.

    The questions that not every kind can answer have an answer for the other kinds here.
    """

    label: str

    @property
    def commit(self) -> str | None:
        """The id of the commit whose tree this is; None when it is no commit's."""

    def modes(self, directory: str) -> Mapping[str, str]:
        """Return every file below `directory`: its path, and its git mode such as `100644`.

        The repository's root is the directory of the empty name.
        """

    def children(self, directories: Sequence[str]) -> list[dict[str, bool]]:
        """Return the names in each directory, and whether each is one; none where it doesn't exist."""

    def read_many(self, paths: Sequence[str]) -> list[bytes | None]:
        """Return the content of each file; None where there is none.

        In a git tree a link reads as its target. Raises InvalidFile for a file above 1 MiB, which no file of
        a registry is.
        """

    def mode(self, path: str) -> str | None:
        """Return the git mode of the file at `path`; None where no file is. A link is followed by nobody."""

    def artifact(self, model: str, version: str) -> Artifact | None:
        """Return what a version's manifest says of its artifact, where that is told without the file."""
        return None

    def close(self) -> None:
        """Let go of what the snapshot holds open."""

    def tree_id(self, directory: str) -> str | None:
        """Return the id of the git tree at `directory`; None for none, or where not all of it is here."""
        return None

    def subtrees(self, directories: Sequence[str]) -> list[dict[str, str]] | None:
        """Return the directories in each directory, by name, each with the id of its git tree; None where
        the files are no git tree, or not all of it is here."""
        return None

    def paths_of(self, name: str, directory: str) -> list[str] | None:
        """Return the paths of all files of this name below `directory`; None where that takes many looks."""
        return None

    def identities(self, directory: str) -> Mapping[str, FileIdentity]:
        """Return every file below `directory`, and what tells its content from any other."""
        return {path: FileIdentity(mode, "", sys.maxsize) for path, mode in self.modes(directory).items()}

    def identity(self, path: str) -> FileIdentity | None:
        """Return what tells the content of the file at `path` from any other; None where no file is."""
        mode = self.mode(path)
        return None if mode is None else FileIdentity(mode, "", sys.maxsize)

    def index_digest(self) -> str | None:
        """Return a digest of git's index; None where the files are not those of a working tree."""
        return None

    def is_as_indexed(self, directory: str) -> bool:
        """Whether each file below `directory` that git looks at is still the one that its index knows, and
        nothing else is there."""
        return False

    def looks_at_all(self, directory: str) -> bool:
        """Whether git looks at each file below `directory` that stands in its index."""
        return False

    def root_names(self) -> Iterable[str]:
        """Return the names in the repository's root; in a working tree, of what git ignores as well."""
        return self.children([""])[0]

    def on_disk(self) -> OnDisk | None:
        """Return where another process finds the same files; None where it can't."""
        return None

    def bring_history(self) -> None:
        """Bring here the commits that lead to this one, with all small files that they hold."""
        return

    def bring_whole(self, directory: str) -> None:
        """Bring here all that is below a directory, for git commands that read it from the repository."""
        return


def too_large(path: str, size: int) -> InvalidFile:
    return InvalidFile(
        f"the file has {size:,} bytes; files of a registry have at most {MAX_FILE:,}",
        path=path,
        hint="Artifacts belong into the DVC remote; leave large values out.",
    )
