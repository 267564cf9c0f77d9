"""What was found clean before, remembered in the git directory; safe to delete at any time.

Only success is remembered, and only as the SHA-256 of everything that it follows from: the rules, and the
mode and content of each file. So an entry is true for ever, and what is not found is judged anew.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.cache.memory import FOUND_CLEAN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from rollbook.git.repository import Repository
    from rollbook.snapshot.snapshot import FileIdentity

_DIGEST = 32
MOST_DIGESTS = FOUND_CLEAN.most // _DIGEST
# The coarsest clock that a file system keeps times by (FAT: two seconds).
TICK = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a verdict follows from. `newest` is when the newest of the files was last touched, in nanoseconds
    of its file system's clock; 0 where content itself is the key."""

    key: bytes
    newest: int = 0


def fingerprint(
    context: Iterable[str | bytes], entries: Mapping[str, FileIdentity], paths: Iterable[str]
) -> Fingerprint:
    """Return the fingerprint of files, by their paths, in a context that names what is judged and by which
    rules.
    """
    digest = hashlib.sha256()
    for part in context:
        data = part if isinstance(part, bytes) else part.encode(errors="surrogateescape")
        digest.update(b"%d:%b" % (len(data), data))
    newest = 0
    for path in paths:
        mode, identity, touched = entries[path]
        digest.update(f"{path}\0{mode}\0{identity}\0".encode(errors="surrogateescape"))
        newest = max(newest, touched)
    return Fingerprint(digest.digest(), newest)


class Remembered:
    """The fingerprints that were found clean. Without a repository it starts empty and keeps nothing."""

    def __init__(self, repository: Repository | None = None) -> None:
        self._repository = repository
        self._known = dict.fromkeys(read_digests(repository)) if repository else {}
        self._added = False
        self._settled: int | None = None

    @property
    def keeps(self) -> bool:
        """Whether anything can be remembered at all."""
        return self._repository is not None

    def __contains__(self, found: object) -> bool:
        return isinstance(found, Fingerprint) and found.key in self._known

    def begin(self) -> None:
        """To be called before the files are read that `add` speaks of.

        A file may be written twice within one tick of its clock: its times tell only what was written a
        while before it is read.
        """
        if self._repository is not None and self._settled is None:
            self._settled = _clock(FOUND_CLEAN.path(self._repository).parent) - TICK

    def add(self, found: Fingerprint) -> None:
        """Remember that all which `found` stands for is clean."""
        if self._settled is not None and found.newest < self._settled and found.key not in self._known:
            self._known[found.key] = None
            self._added = True

    def save(self) -> None:
        """Write what was added, the newest entries when there are too many. That it can't be written costs
        time only, and is no error."""
        if self._repository is None or not self._added:
            return
        # Another process may have written since: what it found is true as well.
        digests = list(dict.fromkeys([*read_digests(self._repository), *self._known]))[-MOST_DIGESTS:]
        FOUND_CLEAN.write(self._repository, b"".join(digests))
        self._added = False


def read_digests(repository: Repository) -> list[bytes]:
    """Return the digests that the repository, with all its work trees, remembers."""
    body = FOUND_CLEAN.read(repository) or b""
    return [body[at : at + _DIGEST] for at in range(0, len(body), _DIGEST)]


def _clock(directory: Path) -> int:
    """Return the time by the clock of the file system, which may be another machine's; 0 when it can't be
    told.
    """
    try:
        directory.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=directory, prefix="found-") as probe:
            return os.fstat(probe.fileno()).st_mtime_ns
    except OSError:
        return 0
