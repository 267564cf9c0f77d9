"""Reading git objects in bulk through one `git cat-file --batch` process."""

from __future__ import annotations

import subprocess
import weakref
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from rollbook.errors import GitFailed
from rollbook.git.process import clean_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# Requests sent before their answers are read. Few enough that git never blocks on a full pipe while we
# still write: 128 names of at most 500 bytes stay below the 64 KiB that a pipe holds on Linux.
_WINDOW = 128
_LONGEST_NAME = 500
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class GitObject:
    """An object's id, type (`blob`, `tree`, `commit`, `tag`) and size in bytes.

    `data` is None when the object is larger than the reader was asked to take in.
    """

    oid: str
    type: str
    size: int
    data: bytes | None


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One line of a tree object: a mode in octal digits, a name, and the id of what stands there."""

    mode: str
    name: str
    oid: str


class ObjectReader:
    """A `git cat-file --batch` process, started at the first question and ended by `close`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, name: str, limit: int) -> GitObject | None:
        """The object that `name` (an id, or `REV:path`) stands for; None when there is none."""
        return next(self.read_many([name], limit))

    def read_many(self, names: Sequence[str], limit: int) -> Iterator[GitObject | None]:
        """The objects that `names` stand for, in order; None for each that does not exist.

        Content beyond `limit` bytes is passed over. Raises GitFailed when git ends early.
        """
        into, out = self._pipes()
        for start in range(0, len(names), _WINDOW):
            window = names[start : start + _WINDOW]
            asked = [name if _askable(name) else None for name in window]
            into.write(b"".join(name.encode(errors="surrogateescape") + b"\n" for name in asked if name))
            into.flush()
            yield from [_answer(out, name, limit) if name else None for name in asked]

    def close(self) -> None:
        """End the process; a later question starts another. A reader that is forgotten ends its own."""
        if self._process is not None:
            self._end()
            self._process = None

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._process is None:
            self._process = subprocess.Popen(
                ["git", "cat-file", "--batch"],
                cwd=self._directory,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=clean_environment(),
            )
            self._end = weakref.finalize(self, self._process.communicate)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout


def _askable(name: str) -> bool:
    # A line break would make one question two; git has no object of such a name that we could need.
    return "\n" not in name and 0 < len(name) <= _LONGEST_NAME


def _answer(out: IO[bytes], name: str, limit: int) -> GitObject | None:
    header = out.readline()
    if not header.endswith(b"\n"):
        raise GitFailed(f"git cat-file ended while reading {name!r}", hint="Run `git fsck`.")
    # An answer without a body echoes the name, which may hold spaces; a body's header is three words.
    if header.endswith((b" missing\n", b" ambiguous\n")):
        return None
    oid, kind, size_text = header.decode().split()
    size = int(size_text)
    data = None
    if size <= limit:
        data = out.read(size)
    else:
        _pass_over(out, size)
    if (data is not None and len(data) < size) or out.read(1) != b"\n":
        raise GitFailed(f"git cat-file ended while reading {name!r}", hint="Run `git fsck`.")
    return GitObject(oid, kind, size, data)


def _pass_over(out: IO[bytes], size: int) -> None:
    while size > 0:
        size -= len(out.read(min(size, _CHUNK))) or size


def tree_entries(data: bytes) -> Iterator[TreeEntry]:
    """The entries of a raw tree object, as `git cat-file tree` prints it.

    Each entry is `<mode> <name>\\0<20 raw bytes of the id>`.
    """
    position = 0
    while position < len(data):
        space = data.index(b" ", position)
        end = data.index(b"\0", space)
        oid = data[end + 1 : end + 21]
        name = data[space + 1 : end].decode(errors="surrogateescape")
        yield TreeEntry(data[position:space].decode(), name, oid.hex())
        position = end + 21
