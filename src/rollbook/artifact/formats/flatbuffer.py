"""FlatBuffers, table by table, without their schema: https://flatbuffers.dev/internals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.artifact.formats.contents import Broken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.artifact.formats.byte_cursor import ByteCursor

_MOST_TABLES = 100_000  # of a list


class FlatTable:
    """A table at a place in a buffer, whose bytes `buffer` is a cursor over. Fields are told by their number
    in the schema; what is not there has its default. Raises Broken for what leads out of the buffer."""

    def __init__(self, buffer: ByteCursor, start: int, at: int) -> None:
        self._buffer = buffer
        self._start = start
        self._at = at
        table = at - self._number("<i", at)
        self._fields = table, self._number("<H", table)

    def number(self, field: int, layout: str, default: int = 0) -> int:
        """Return a number, of a `struct` layout such as `<i`."""
        at = self._place(field)
        return default if at is None else self._number(layout, at)

    def text(self, field: int, most: int) -> str:
        """Return the first `most` bytes of a text; empty when there is none."""
        at = self._target(field)
        if at is None:
            return ""
        length = self._number("<I", at)
        data = self._buffer.take(min(length, most), "a text")
        self._buffer.skip(length - len(data), "a text")
        return data.decode(errors="replace")

    def length(self, field: int) -> int:
        """Return how many entries a list has."""
        at = self._target(field)
        return 0 if at is None else self._number("<I", at)

    def numbers(self, field: int, most: int) -> list[int]:
        """Return the numbers of 32 bits in a list. Raises Broken for more than `most`."""
        count = self.length(field)
        at = self._target(field)
        if at is None:
            return []
        if count > most:
            raise Broken(f"a list at byte {self._start + at:,} has {count:,} entries; {most:,} are the most")
        return [self._number("<i", at + 4 + 4 * place) for place in range(count)]

    def table(self, field: int) -> FlatTable | None:
        """Return a table in the table."""
        at = self._target(field)
        return None if at is None else FlatTable(self._buffer, self._start, at)

    def tables(self, field: int) -> Iterator[FlatTable]:
        """Yield the tables in a list."""
        count = self.length(field)
        at = self._target(field)
        if at is None:
            return
        if count > _MOST_TABLES or count * 4 > self._buffer.end - self._start - at:
            raise Broken(f"a list at byte {self._start + at:,} would have {count:,} entries")
        for place in range(at + 4, at + 4 + 4 * count, 4):
            yield FlatTable(self._buffer, self._start, place + self._number("<I", place))

    def _target(self, field: int) -> int | None:
        at = self._place(field)
        return None if at is None else at + self._number("<I", at)

    def _place(self, field: int) -> int | None:
        """Return where a field is; None when it is not there."""
        table, size = self._fields
        if 4 + 2 * field + 2 > size:
            return None
        offset = self._number("<H", table + 4 + 2 * field)
        return self._at + offset if offset else None

    def _number(self, layout: str, at: int) -> int:
        if at < 0:
            raise Broken("a table has its fields before the beginning of its buffer")
        self._buffer.at = self._start + at
        return self._buffer.number(layout, "a number")


def root_table(buffer: ByteCursor) -> FlatTable:
    """Return the table that a whole buffer is. Raises Broken."""
    start = buffer.at
    return FlatTable(buffer, start, buffer.number("<I", "the place of the root table"))
