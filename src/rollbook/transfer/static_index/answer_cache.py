"""Answers that were got before: bounded, safe to delete, never believed when they are damaged."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LARGEST = 256 << 20  # bytes, all entries together
_MAGIC = "rollbook-cache-1"
_LONGEST_HEAD = 16 << 10


@dataclass(frozen=True, slots=True)
class Entry:
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

    def get(self, key: str) -> Entry | None:
        """Return the answer kept for `key`; None without one. A damaged one is removed."""
        path = self._path(key)
        try:
            with path.open("rb") as file:
                confirmed = os.fstat(file.fileno()).st_mtime
                head = file.readline(_LONGEST_HEAD)
                body = file.read(self._largest + 1)
        except OSError:
            return None
        told = _head(head)
        if told is None or told.get("key") != key or told.get("sha256") != _digest(body):
            with suppress(OSError):
                path.unlink()
            return None
        return Entry(body, told["etag"], told["modified"], max(time.time() - confirmed, 0))

    def put(self, key: str, body: bytes, etag: str = "", modified: str = "") -> None:
        """Keep an answer."""
        facts = {"is": _MAGIC, "key": key, "etag": etag, "modified": modified, "sha256": _digest(body)}
        head = json.dumps(facts).encode() + b"\n"
        if len(head) > _LONGEST_HEAD or len(body) > self._largest:
            return
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make_room(len(head) + len(body))
            descriptor, name = tempfile.mkstemp(dir=self._folder, prefix=".")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(head + body)
                Path(name).replace(self._path(key))
            except OSError:
                Path(name).unlink()

    def confirm(self, key: str) -> None:
        """Note that the answer for `key` holds at this moment."""
        with suppress(OSError):
            os.utime(self._path(key))

    def drop(self, key: str) -> None:
        """Forget the answer for `key`."""
        with suppress(OSError):
            self._path(key).unlink()

    def _path(self, key: str) -> Path:
        return self._folder / _digest(key.encode())

    def _make_room(self, size: int) -> None:
        """Remove what was confirmed longest ago until `size` more bytes fit."""
        held = sorted(self._held())
        total = sum(length for _, length, _ in held) + size
        for _, length, path in held:
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


def _head(line: bytes) -> dict[str, str] | None:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or told.get("is") != _MAGIC:
        return None
    return told if all(isinstance(told.get(name), str) for name in ("etag", "modified")) else None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
