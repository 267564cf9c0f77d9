"""UBJSON, as XGBoost writes it: https://ubjson.org, draft 12. Its large parts are passed over and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook.artifact.formats.contents import Broken
from rollbook.artifact.formats.json_outline import LeftOut

if TYPE_CHECKING:
    from rollbook.artifact.formats.byte_cursor import ByteCursor

_WHOLE = {b"i": ">b", b"U": ">B", b"I": ">h", b"l": ">i", b"L": ">q"}
_REAL = {b"d": ">f", b"D": ">d"}
_WORDS: dict[bytes, bool | None] = {b"T": True, b"F": False, b"Z": None}
_WIDTHS = {b"i": 1, b"U": 1, b"I": 2, b"l": 4, b"L": 8, b"d": 4, b"D": 8, b"C": 1}
_DEEPEST = 64
_MOST_VALUES = 5_000_000  # some seconds; a tree of XGBoost's has thirty
_MOST_KEPT = 64 << 20  # bytes
_VALUE = 48  # bytes that a value takes beside its text


def ubjson_outline(cursor: ByteCursor, left_out: frozenset[str]) -> Any:
    """Return the document, with LeftOut where an array or object has a name in `left_out`.

    Raises Broken for what is no UBJSON, names a thing twice, or has more in it than can be kept.
    """
    reader = _UbjsonReader(cursor, left_out)
    document = reader.value(reader.marker(), is_kept=True)
    if cursor.left:
        raise Broken(f"something follows its end, at byte {cursor.at:,}")
    return document


class _UbjsonReader:
    def __init__(self, cursor: ByteCursor, left_out: frozenset[str]) -> None:
        self._cursor = cursor
        self._left_out = left_out
        self._depth = 0
        self._values = 0
        self._kept = 0

    def marker(self) -> bytes:
        """Return the next marker that means something."""
        while (marker := self._cursor.take(1, "a marker")) == b"N":
            self._count()
        return marker

    def value(self, marker: bytes, *, is_kept: bool) -> Any:
        """Return the value after `marker`; LeftOut for an array or object that is not kept."""
        self._count()
        if marker in (b"[", b"{"):
            self._depth += 1
            if self._depth > _DEEPEST:
                raise Broken(f"it is nested more than {_DEEPEST} deep, at byte {self._cursor.at:,}")
            value = self._array(is_kept=is_kept) if marker == b"[" else self._object(is_kept=is_kept)
            self._depth -= 1
            return value
        if marker in (b"S", b"H"):
            return self._text(is_kept=is_kept)
        if marker == b"C":
            return self._cursor.take(1, "a character").decode("latin-1")
        if marker in _WORDS:
            return _WORDS[marker]
        if marker in _REAL:
            return self._cursor.real(_REAL[marker], "a number")
        return self._whole(marker)

    def _count(self) -> None:
        self._values += 1
        if self._values > _MOST_VALUES:
            raise Broken(f"it has more than {_MOST_VALUES:,} values")

    def _keep(self, size: int) -> None:
        self._kept += size + _VALUE
        if self._kept > _MOST_KEPT:
            raise Broken(f"there is more in it than a model has, up to byte {self._cursor.at:,}")

    def _whole(self, marker: bytes) -> int:
        if marker not in _WHOLE:
            raise Broken(f"it is not UBJSON at byte {self._cursor.at:,}")
        return self._cursor.number(_WHOLE[marker], "a number")

    def _text(self, marker: bytes = b"", *, is_kept: bool) -> str:
        length = self._whole(marker or self.marker())
        if not is_kept:
            self._cursor.skip(length, "a text")
            return ""
        self._keep(length)
        try:
            return self._cursor.take(length, "a text").decode()
        except UnicodeDecodeError as error:
            raise Broken(f"a text up to byte {self._cursor.at:,} is not UTF-8") from error

    def _head(self) -> tuple[bytes, int, bytes]:
        """Return the type and the count that a container tells, empty and -1 for none, and what follows."""
        kind, count = b"", -1
        marker = self.marker()
        if marker == b"$":
            kind = self._cursor.take(1, "a type")
            marker = self.marker()
            if marker != b"#":
                raise Broken(f"a type without a count, at byte {self._cursor.at:,}")
        if marker == b"#":
            count = self._whole(self.marker())
            if not 0 <= count <= self._cursor.left:
                raise Broken(f"{count:,} values are told at byte {self._cursor.at:,}, and are not there")
            marker = b""
        return kind, count, marker

    def _array(self, *, is_kept: bool) -> Any:
        kind, count, marker = self._head()
        if kind in _WIDTHS and not is_kept:
            self._cursor.skip(count * _WIDTHS[kind], "an array")
            return LeftOut(0)
        found: list[Any] = []
        objects = at = 0
        while count < 0 or at < count:
            marker = kind or marker or self.marker()
            if marker == b"]" and count < 0:
                break
            objects += marker == b"{"
            value = self.value(marker, is_kept=is_kept)
            if is_kept:
                self._keep(0)
                found.append(value)
            at, marker = at + 1, b""
        return found if is_kept else LeftOut(objects)

    def _object(self, *, is_kept: bool) -> Any:
        kind, count, marker = self._head()
        found: dict[str, Any] = {}
        objects = at = 0
        while count < 0 or at < count:
            marker = marker or self.marker()
            if marker == b"}" and count < 0:
                break
            name = self._text(marker, is_kept=is_kept)
            marker = kind or self.marker()
            objects += marker == b"{"
            is_large = marker in (b"[", b"{") and name in self._left_out
            value = self.value(marker, is_kept=is_kept and not is_large)
            if name in found:
                raise Broken(f"an object names {name[:80]!r} twice, up to byte {self._cursor.at:,}")
            if is_kept:
                found[name] = value
            at, marker = at + 1, b""
        return found if is_kept else LeftOut(objects)
