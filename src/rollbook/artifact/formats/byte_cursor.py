"""A place in a binary file, moved forward by what is read. What a header promises must be there."""

from __future__ import annotations

import itertools
import struct
from typing import TYPE_CHECKING, BinaryIO

from rollbook.artifact.formats.contents import Broken

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_READS = 5_000_000  # of one file: some seconds


class ByteCursor:
    """A place in the bytes `start` to `end` of an open file that can be sought. Reading beyond `end` raises
    Broken, and nothing is allocated for it; so do very many reads, of all cursors over the same file."""

    def __init__(self, file: BinaryIO, end: int, start: int = 0, reads: Iterator[int] | None = None) -> None:
        self._file = file
        self._reads = itertools.count() if reads is None else reads
        self.at = start
        self.end = end

    @property
    def left(self) -> int:
        return self.end - self.at

    def take(self, count: int, what: str) -> bytes:
        """Return the next `count` bytes, which are `what`. Raises Broken when there are fewer."""
        self._require(count, what)
        data = self._read(count)
        if len(data) < count:
            raise Broken(f"{what} at byte {self.at:,} is cut off")
        self.at += count
        return data

    def peek(self, most: int) -> bytes:
        """Return the next bytes, at most `most`, and stay where they begin."""
        return self._read(min(most, self.left))

    def skip(self, count: int, what: str) -> None:
        """Pass the next `count` bytes over without reading them. Raises Broken when there are fewer."""
        self._require(count, what)
        self.at += count

    def number(self, layout: str, what: str) -> int:
        """Return the next number, of a `struct` layout such as `<Q`."""
        (value,) = struct.unpack(layout, self.take(struct.calcsize(layout), what))
        return int(value)

    def real(self, layout: str, what: str) -> float:
        """Return the next floating-point number, of a `struct` layout such as `<d`."""
        (value,) = struct.unpack(layout, self.take(struct.calcsize(layout), what))
        return float(value)

    def within(self, count: int, what: str) -> ByteCursor:
        """Return a cursor over the next `count` bytes, and pass them over."""
        start = self.at
        self.skip(count, what)
        return ByteCursor(self._file, self.at, start, self._reads)

    def _read(self, count: int) -> bytes:
        if next(self._reads) > _MOST_READS:
            raise Broken(f"it is made of more than {_MOST_READS:,} parts")
        self._file.seek(self.at)
        return self._file.read(count)

    def _require(self, count: int, what: str) -> None:
        if not 0 <= count <= self.left:
            raise Broken(f"{what} at byte {self.at:,} has {count:,} bytes, and {self.left:,} are left")
