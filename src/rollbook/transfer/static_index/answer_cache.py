"""Answers that were got before: bounded, safe to delete, never believed when they are damaged."""

from __future__ import annotations

import hashlib
import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.cache.memory import read_kept, write_kept

if TYPE_CHECKING:
    from collections.abc import Iterator

_LARGEST = 256 << 20  # bytes, all entries together
_STAMP = "answer 1"
_LONGEST_HEAD = 16 << 10


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """An answer: its body, what to ask with whether it has changed, and its age in seconds since it was last
    confirmed."""

    body: bytes
    etag: str
    modified: str
    age: float


def directory() -> Path:
    """Return where answers are kept: `ROLLBOOK_CACHE`, else `rollbook` in the user's cache folder (XDG)."""
    if own := os.environ.get("ROLLBOOK_CACHE"):
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "rollbook"


class Cache:
    """The folder of answers. What can't be read or written there is as if it weren't there."""

    def __init__(self, folder: Path, largest: int = _LARGEST) -> None:
        self._folder = folder / "index"
        self._largest = largest

    def get(self, key: str) -> CachedAnswer | None:
        """Return the answer kept for `key`; None without one."""
        path = self._path(key)
        try:
            confirmed = path.stat().st_mtime
        except OSError:
            return None
        head, _, body = (read_kept(path, _STAMP, self._largest) or b"").partition(b"\n")
        told = json.loads(head or b"{}")
        if told.get("key") != key:
            return None
        return CachedAnswer(body, told["etag"], told["modified"], max(time.time() - confirmed, 0))

    def put(self, key: str, body: bytes, etag: str = "", modified: str = "") -> None:
        """Keep an answer."""
        head = json.dumps({"key": key, "etag": etag, "modified": modified}).encode()
        if len(head) > _LONGEST_HEAD or len(head) + len(body) >= self._largest:
            return
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make_room(len(head) + len(body))
            write_kept(self._path(key), _STAMP, head + b"\n" + body)

    def confirm(self, key: str) -> None:
        """Note that the answer for `key` holds at this moment."""
        with suppress(OSError):
            os.utime(self._path(key))

    def drop(self, key: str) -> None:
        """Forget the answer for `key`."""
        with suppress(OSError):
            self._path(key).unlink()

    def _path(self, key: str) -> Path:
        return self._folder / hashlib.sha256(key.encode()).hexdigest()

    def _make_room(self, size: int) -> None:
        """Remove what was confirmed longest ago until `size` more bytes fit."""
        entries = sorted(self._held())
        total = sum(length for _, length, _ in entries) + size
        for _, length, path in entries:
            if total <= self._largest:
                return
            with suppress(OSError):
                path.unlink()
            total -= length

    def _held(self) -> Iterator[tuple[float, int, Path]]:
        with os.scandir(self._folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    status = entry.stat(follow_symlinks=False)
                    yield status.st_mtime, status.st_size, Path(entry.path)
