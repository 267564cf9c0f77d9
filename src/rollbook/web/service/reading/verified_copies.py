"""Copies of artifacts that were verified, from which they are served: no byte leaves that was not checked.

The whole is fetched and verified first, into a folder of this process alone, because a digest says nothing
of a part: an answer that is checked while it is sent has sent what was wrong by the time that it is known,
and could answer for no range. What is asked for again is there then. The room is bounded.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
import threading
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.errors import CannotTell, TooMuch

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_BYTES = 16 << 30
_PATIENCE = 25.0  # seconds that one waits for another who fetches the same
_FETCHES = 4


@dataclass(slots=True)
class _Copy:
    """A copy, who reads it now, and whether it is there."""

    size: int
    path: Path
    readers: int = 0
    is_there: bool = False
    turn: threading.Lock = field(default_factory=threading.Lock)


class VerifiedCopies:
    """Copies by the digest of what they are copies of: those asked for last, as many as there is room for."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._directory: Path | None = None
        self._copies: dict[str, _Copy] = {}
        self._numbers = itertools.count()  # a digest that a manifest tells may be anything, also a path
        # One thread may come to it twice: a copy that is forgotten is released wherever that is noticed, and
        # be it in the middle of what is done here.
        self._lock = threading.RLock()
        self._fetching = threading.BoundedSemaphore(_FETCHES)

    def hold(self, sha256: str, size: int, fetch: Callable[[Path], object]) -> HeldCopy:
        """Return a copy, which stays until it is released; `fetch` writes it, verified, where there is none.

        Raises TooMuch for what there is no room for, CannotTell where too many wait, and as `fetch` does.
        """
        if size > self._most_bytes:
            hint = "Fetch it from the registry itself: rollbook fetch, or dvc pull."
            raise TooMuch(f"{size:,} bytes are more than this service hands out at once", hint=hint)
        with self._lock:
            copy = self._copies.pop(sha256, None) or _Copy(size, self._home() / str(next(self._numbers)))
            self._copies[sha256] = copy  # the last asked for
            copy.readers += 1
        try:
            self._bring(copy, fetch)
        except BaseException:
            self._release(sha256, copy)
            raise
        return HeldCopy(copy.path, lambda: self._release(sha256, copy))

    def close(self) -> None:
        """Remove all copies."""
        with self._lock:
            if self._directory is not None:
                shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None
            self._copies.clear()

    def _home(self) -> Path:
        if self._directory is None:
            self._directory = Path(tempfile.mkdtemp(prefix="rollbook-serve-"))
        return self._directory

    def _bring(self, copy: _Copy, fetch: Callable[[Path], object]) -> None:
        if copy.is_there:
            return
        if not copy.turn.acquire(timeout=_PATIENCE):
            raise _busy()
        try:
            if copy.is_there:
                return
            if not self._fetching.acquire(timeout=_PATIENCE):
                raise _busy()
            try:
                self._make_room(copy)
                fetch(copy.path)
                copy.is_there = True
            finally:
                self._fetching.release()
        finally:
            copy.turn.release()

    def _make_room(self, new: _Copy) -> None:
        """Remove the copies asked for longest ago that nobody reads. Raises CannotTell where all are read."""
        with self._lock:
            taken = sum(copy.size for copy in [*self._copies.values()] if copy.is_there or copy.readers)
            for sha256, copy in [*self._copies.items()]:
                if taken <= self._most_bytes:
                    break
                if not copy.readers and copy is not new:
                    self._copies.pop(sha256, None)
                    _remove(copy.path)
                    taken -= copy.size
        if taken > self._most_bytes:
            raise _busy()

    def _release(self, sha256: str, copy: _Copy) -> None:
        with self._lock:
            copy.readers -= 1
            if not copy.is_there and not copy.readers and self._copies.get(sha256) is copy:
                del self._copies[sha256]


class HeldCopy:
    """A copy that stays where it is until it is released, or forgotten: an answer may be given up while it
    is made."""

    def __init__(self, path: Path, release: Callable[[], None]) -> None:
        self.path = path
        self._release = weakref.finalize(self, release)

    def __call__(self) -> None:
        """Let the copy go."""
        self._release()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _busy() -> CannotTell:
    return CannotTell("too many artifacts are fetched at the moment", hint="Ask again in a while.")
