"""One pass over a file's bytes: both digests and optionally a copy, at the speed of the slowest of them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from rollbook.artifact.progress import Progress, quiet
from rollbook.errors import StorageFailed

if TYPE_CHECKING:
    from pathlib import Path

CHUNK = 4 << 20
_SMALL = 1 << 20
_ALL = 1 << 63

Write = Callable[[memoryview], None]


@dataclass(frozen=True, slots=True)
class Hashes:
    """What one pass over some bytes found. `size` is in bytes; the digests are lower-case hexadecimal."""

    md5: str
    sha256: str
    size: int


@dataclass(slots=True)
class _Running:
    """The digests so far."""

    # DVC names content by md5; nothing here relies on it for security.
    md5: hashlib._Hash = field(default_factory=lambda: hashlib.md5(usedforsecurity=False))
    sha256: hashlib._Hash = field(default_factory=hashlib.sha256)
    size: int = 0

    def finish(self) -> Hashes:
        return Hashes(self.md5.hexdigest(), self.sha256.hexdigest(), self.size)


def pump(
    source: int,
    write: Write | None = None,
    *,
    limit: int | None = None,
    part: int | None = None,
    progress: Progress = quiet,
) -> Hashes:
    """Read the open file `source` to its end, or the next `part` bytes of it; hash them, and hand every chunk
    to `write`.

    Reading stops once more than `limit` bytes were read, so the caller sees `size > limit`. Errors of reading
    come as OSError; `write` raises its own.
    """
    running = _Running()
    most = limit if limit is not None else _ALL
    end = part if part is not None else _ALL
    if min(os.fstat(source).st_size, end) <= _SMALL:
        _pump_small(source, write, (most, end), progress, running)
    else:
        _pump_large(source, write, (most, end), progress, running)
    return running.finish()


def pump_file(source: IO[bytes], write: Write, *, limit: int, progress: Progress = quiet) -> Hashes:
    """Read `source` to its end chunk by chunk; hash it, and hand every chunk to `write`. Stops past `limit`
    bytes, as `pump` does. Raises what `source` and `write` raise."""
    running = _Running()
    while running.size <= limit and (chunk := source.read(CHUNK)):
        running.md5.update(chunk)
        running.sha256.update(chunk)
        write(memoryview(chunk))
        running.size += len(chunk)
        progress(len(chunk))
    return running.finish()


def hash_bytes(data: bytes) -> Hashes:
    """Return the digests of `data`."""
    running = _Running(size=len(data))
    running.md5.update(data)
    running.sha256.update(data)
    return running.finish()


def _pump_small(
    source: int, write: Write | None, bounds: tuple[int, int], progress: Progress, running: _Running
) -> None:
    most, end = bounds
    while running.size <= most and (chunk := os.read(source, min(_SMALL, end - running.size))):
        running.md5.update(chunk)
        running.sha256.update(chunk)
        if write:
            write(memoryview(chunk))
        running.size += len(chunk)
        progress(len(chunk))


def _pump_large(
    source: int, write: Write | None, bounds: tuple[int, int], progress: Progress, running: _Running
) -> None:
    most, end = bounds

    def fill(buffer: bytearray) -> int:
        return os.readv(source, [memoryview(buffer)[: min(CHUNK, end - running.size)]])

    # hashlib releases the GIL, so md5, sha256 and read-and-write run side by side; two buffers take turns.
    buffers = [bytearray(CHUNK), bytearray(CHUNK)]
    with ThreadPoolExecutor(2, thread_name_prefix="digest") as pool:
        filled = fill(buffers[0])
        while filled and running.size <= most:
            chunk = memoryview(buffers[0])[:filled]
            jobs = [pool.submit(running.md5.update, chunk), pool.submit(running.sha256.update, chunk)]
            if write:
                write(chunk)
            running.size += len(chunk)
            filled = fill(buffers[1])
            for job in jobs:
                job.result()
            progress(len(chunk))
            buffers.reverse()


def writer(descriptor: int, path: Path) -> Write:
    """Return a `Write` that appends to an open file. It raises StorageFailed with `path` when it can't."""

    def write(chunk: memoryview) -> None:
        try:
            while chunk:
                chunk = chunk[os.write(descriptor, chunk) :]
        except OSError as error:
            raise cannot_write(path, error) from error

    return write


def cannot_write(path: Path, error: OSError) -> StorageFailed:
    """Return the error to raise when `path` can't be written."""
    return StorageFailed(
        f"{path}: cannot write: {error.strerror or error}",
        hint="Check the free space and the permissions there.",
    )
