"""Reading git objects in bulk through one `git cat-file --batch` process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import weakref
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from rollbook.errors import GitFailed
from rollbook.git.operation import asked_once, is_open
from rollbook.git.process import git, start_git, try_git
from rollbook.git.scratch import scratch_variables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rollbook.git.repository import Repository

# Bytes of questions sent before their answers are read. They fit the pipe, which holds 64 KiB on Linux, so
# writing them never blocks, however long git waits for us to read.
_WINDOW = 1 << 15
# A commit's id and the longest path that the layout has room for, in bytes, fit.
_LONGEST_NAME = 500
_CHUNK = 1 << 16
# So many that an operation's own process answers them before another one would have started.
_FEW = 500
_FOUND = re.compile(rb"(?P<oid>[0-9a-f]{40}) (?P<type>blob|tree|commit|tag) (?P<size>[0-9]+)\n")
_TREE_ENTRY = re.compile(rb"(?P<mode>[0-7]{5,6}) (?P<name>[^\0]+)\0(?P<oid>.{20})", re.DOTALL)
_TREE_NAME = re.compile(rb"([0-7]{5,6}) ([^\0]+)\0.{20}", re.DOTALL)
_TREE_ENTRY_REST = len(b" \0") + 20


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
    """Reads objects by a `git cat-file --batch` process, started at the first question and ended by `close`.

    In an operation all readers of a repository have one process, which ends with it.
    """

    def __init__(self, repository: Repository) -> None:
        self._is_shared = is_open()
        # What was put beside the repository is seen by processes that start later.
        beside = tuple(scratch_variables(repository.common_dir).items())
        self._batch = asked_once(("objects", repository, beside), lambda: _BatchProcess(repository))

    def read(self, name: str, limit: int) -> GitObject | None:
        """Return the object that `name` (an id, or `REV:path`) stands for; None when there is none."""
        return next(self.read_many([name], limit))

    def read_blob(self, name: str, limit: int) -> bytes | None:
        """Return the content of the file that `name` stands for; None for what is none, and for one of more
        than `limit` bytes."""
        found = self.read(name, limit)
        return found.data if found and found.type == "blob" else None

    def read_many(self, names: Iterable[str], limit: int) -> Iterator[GitObject | None]:
        """Yield the objects that `names` stand for, in order; None for each that does not exist.

        Content beyond `limit` bytes is passed over. Raises GitFailed when git ends early.
        """
        for window in _windows(names):
            yield from self._batch.ask(window, limit)

    def close(self) -> None:
        """End the process, unless the operation under way keeps it; a later question starts another. A
        process that is forgotten ends by itself."""
        if not (self._is_shared and is_open()):
            self._batch.end()


class _BatchProcess:
    """A `git cat-file --batch` process, started at the first question; one thread at a time asks it.

    A fork of this Python starts one of its own: from one pipe two would read each other's answers.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._process: subprocess.Popen[bytes] | None = None
        self._asked_by = 0
        self._turn = threading.Lock()

    def ask(self, window: list[bytes], limit: int) -> list[GitObject | None]:
        """Return the answers to questions that fit the pipe. Raises GitFailed when git ends early."""
        with self._turn:
            try:
                into, out = self._pipes()
                into.write(b"".join(question + b"\n" for question in window if question))
                into.flush()
                return [_answer(out, limit) if question else None for question in window]
            except (GitFailed, BrokenPipeError) as error:
                self.end()  # what it would still say answers no later question
                raise GitFailed("git cat-file ended early", hint="Run `git fsck`.") from error
            except BaseException:
                self.end()
                raise

    def end(self) -> None:
        """End the process."""
        self._leave_to_parent()
        if self._process is not None:
            self._end()
            self._process = None

    def _leave_to_parent(self) -> None:
        if self._process is not None and self._asked_by != os.getpid():
            self._end()
            self._process = None

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        self._leave_to_parent()
        if self._process is None:
            self._asked_by = os.getpid()
            self._process = start_git(
                self._repository, "cat-file", "--batch", stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            self._end = weakref.finalize(self, _end_own, self._process, self._asked_by)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout


def _end_own(process: subprocess.Popen[bytes], asked_by: int) -> None:
    """End a process that this Python started; what a fork inherited is left to its parent."""
    if asked_by == os.getpid():
        process.terminate()  # a fork may hold its standard input open
        process.communicate()


def read_at_once(repository: Repository, oids: Iterable[str]) -> Iterator[bytes]:
    """Yield the bytes of all these objects, in order, held in memory together: the quickest way to read very
    many that are small. Raises GitFailed when one does not exist.
    """
    wanted = list(oids)
    if is_open() and len(wanted) <= _FEW:
        for found in ObjectReader(repository).read_many(wanted, sys.maxsize):
            if found is None or found.data is None:
                raise _missing()
            yield found.data
        return
    names = "".join(f"{oid}\n" for oid in wanted)
    data = git(repository, "cat-file", "--batch", "--buffer", stdin=names.encode()) if names else b""
    place = 0
    while place < len(data):
        start = data.index(b"\n", place) + 1
        match = _FOUND.fullmatch(data, place, start)
        if match is None:
            raise _missing()
        end = start + int(match["size"])
        yield data[start:end]
        place = end + 1


def _missing() -> GitFailed:
    return GitFailed("an object of the repository is missing", hint="Run `git fsck`.")


def sizes_of(repository: Repository, oids: Iterable[str]) -> list[int]:
    """Return how many bytes each object has; 0 for one that isn't there."""
    stdin = "".join(f"{oid}\n" for oid in oids).encode()
    told = git(repository, "cat-file", "--batch-check=%(objectsize)", stdin=stdin).split(b"\n")[:-1]
    return [int(size) if size.isdigit() else 0 for size in told]


def read_tag_object(repository: Repository, oid: str) -> bytes | None:
    """Return the bytes of a tag object; None when there is none of that id."""
    done = try_git(repository, "cat-file", "tag", oid)
    return None if done.returncode else done.stdout


def copy_blob(repository: Repository, commit: str, path: str, file: IO[bytes]) -> None:
    """Write the content of a file in a commit, however large, to an open file. Raises GitFailed."""
    copying = start_git(
        repository, "cat-file", "blob", f"{commit}:{path}", stdin=subprocess.DEVNULL, stdout=file
    )
    if copying.wait():
        raise GitFailed(f"git can't read {path} at {commit[:12]}", hint="Run `git fsck`.")


def _windows(names: Iterable[str]) -> Iterator[list[bytes]]:
    """Yield the questions for `names`, as many together as may be sent at once; empty for what can't be
    asked.
    """
    window: list[bytes] = []
    length = 0
    for name in names:
        question = _question(name)
        if length + len(question) + 1 > _WINDOW:
            yield window
            window, length = [], 0
        window.append(question)
        length += len(question) + 1
    if window:
        yield window


def _question(name: str) -> bytes:
    # A line break would make one question two, and git drops a carriage return before it; a registry has no
    # file of such a name.
    question = name.encode(errors="surrogateescape")
    return b"" if len(question) > _LONGEST_NAME or b"\n" in question or question.endswith(b"\r") else question


def _answer(out: IO[bytes], limit: int) -> GitObject | None:
    header = out.readline()
    if not header.endswith(b"\n"):
        raise GitFailed("git cat-file ended early")
    # What isn't there is answered by the name, which may hold anything, and a word such as `missing`.
    match = _FOUND.fullmatch(header)
    if match is None:
        return None
    size = int(match["size"])
    data = None
    if size <= limit:
        data = out.read(size)
    else:
        _pass_over(out, size)
    if (data is not None and len(data) < size) or out.read(1) != b"\n":
        raise GitFailed("git cat-file ended early")
    return GitObject(match["oid"].decode(), match["type"].decode(), size, data)


def _pass_over(out: IO[bytes], size: int) -> None:
    while size > 0:
        size -= len(out.read(min(size, _CHUNK))) or size


def tree_names(data: bytes) -> dict[str, bool]:
    """Return the names in a raw tree object, and whether each is a directory: `tree_entries` without the
    rest, for listing many. Raises GitFailed for anything else.
    """
    entries = _TREE_NAME.findall(data)
    if sum(len(mode) + len(name) + _TREE_ENTRY_REST for mode, name in entries) != len(data):
        raise GitFailed("a tree object is broken", hint="Run `git fsck`.")
    return {name.decode(errors="surrogateescape"): mode == b"40000" for mode, name in entries}


def tree_entries(data: bytes) -> Iterator[TreeEntry]:
    """Yield the entries of a raw tree object, as `git cat-file tree` prints it.

    Each entry is `<mode> <name>\\0<20 raw bytes of the id>`. Raises GitFailed for anything else.
    """
    position = 0
    while position < len(data):
        entry = _TREE_ENTRY.match(data, position)
        if entry is None:
            raise GitFailed("a tree object is broken", hint="Run `git fsck`.")
        name = entry["name"].decode(errors="surrogateescape")
        yield TreeEntry(entry["mode"].decode(), name, entry["oid"].hex())
        position = entry.end()
