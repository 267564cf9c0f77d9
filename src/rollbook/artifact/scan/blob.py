"""A run of bytes somewhere in an artifact: a file, a member of an archive, what bytes unpack to."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Buffer

SEPARATOR = " > "
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes called `name`, at `where` in the artifact. `open` gives them from their beginning, each time
    anew; `size` is None where only reading tells how many there are: then they can't be sought."""

    where: str
    name: str
    open: Callable[[], IO[bytes]]
    size: int | None

    def inside(self, name: str, opener: Callable[[], IO[bytes]], size: int | None) -> Blob:
        """Return what stands in these bytes under a name."""
        return Blob(f"{self.where}{SEPARATOR}{name}", name, opener, size)

    def part(self, name: str, start: int, size: int) -> Blob:
        """Return `size` of these bytes, from `start`, under a name. They must be sought."""
        return self.inside(name, lambda: window(self.open(), start, size), size)

    def head(self, count: int) -> bytes:
        """Return the first bytes."""
        with self.open() as file:
            return file.read(count)

    def held(self, data: bytes) -> Blob:
        """Return the same bytes, held in memory: they can be sought."""
        return Blob(self.where, self.name, lambda: io.BytesIO(data), len(data))


def window(file: IO[bytes], start: int, size: int) -> IO[bytes]:
    """Return a file over `size` bytes of another, from `start`; closing it closes that one."""
    return cast("IO[bytes]", io.BufferedReader(_Window(file, start, size), 64 << 10))


class _Window(io.RawIOBase):
    def __init__(self, file: IO[bytes], start: int, size: int) -> None:
        self._file = file
        self._start, self._size = start, size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        base = {0: 0, 1: self._at, 2: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, target: Buffer, /) -> int:
        room = memoryview(target)
        count = max(0, min(len(room), self._size - self._at))
        self._file.seek(self._start + self._at)
        data = self._file.read(count)
        room[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()
