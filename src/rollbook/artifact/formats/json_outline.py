"""A JSON document of any size, read as a stream: its large parts are passed over and counted.

The grammar is that of RFC 8259, with the numbers `NaN` and `Infinity`, which C++ libraries write.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, BinaryIO

from rollbook.artifact.formats.contents import Broken

_BLOCK = 256 << 10
_DEEPEST = 64
_MOST_KEPT = 64 << 20  # bytes
_VALUE = 48  # bytes that a value takes beside its text
_MOST_PARTS = 10_000_000  # some seconds; a tree of XGBoost's has eighty
_LONGEST_STRING = 16 << 20  # bytes
_LONGEST_WORD = 1000  # bytes
_VISIBLE = re.compile(rb"[^ \t\r\n]")
_MARK = re.compile(rb'["{}\[\]]')
_STOP = re.compile(rb'["\\]')
_WORD_END = re.compile(rb"[^-+.0-9A-Za-z]")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An array or object that was passed over. `objects` stand directly in it."""

    objects: int


def json_outline(file: BinaryIO, left_out: frozenset[str]) -> Any:
    """Return the document in `file`, with LeftOut where an array or object has a name in `left_out`.

    Raises Broken for what is no JSON, names a thing twice, or has more in it than can be kept.
    """
    stream = _JsonStream(file, left_out)
    document = stream.value(stream.token())
    if stream.token():
        raise Broken(f"something follows its end, at byte {stream.place:,}")
    return document


class _JsonStream:
    def __init__(self, file: BinaryIO, left_out: frozenset[str]) -> None:
        self._file = file
        self._left_out = left_out
        self._window = b""
        self._at = 0
        self._before = 0
        self._depth = 0
        self._kept = 0
        self._parts = 0

    @property
    def place(self) -> int:
        return self._before + self._at

    def value(self, token: bytes) -> Any:
        """Return the value that begins with `token`, and stand behind it."""
        if token in (b"{", b"["):
            self._depth += 1
            if self._depth > _DEEPEST:
                raise Broken(f"it is nested more than {_DEEPEST} deep, at byte {self.place:,}")
            value = self._object() if token == b"{" else self._array()
            self._depth -= 1
            return value
        self._kept += len(token) + _VALUE
        if self._kept > _MOST_KEPT:
            raise Broken(f"there is more in it than a model has, up to byte {self.place:,}")
        try:
            return json.loads(token)
        except ValueError as error:
            raise Broken(f"it is not JSON at byte {self.place:,}") from error

    def _object(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        token = self.token()
        while token != b"}":
            name = self.value(token) if token.startswith(b'"') else None
            if not isinstance(name, str) or self.token() != b":":
                raise Broken(f"an object lacks a name at byte {self.place:,}")
            if name in found:
                raise Broken(f"an object names {name[:80]!r} twice, at byte {self.place:,}")
            found[name] = self._named(name, self.token())
            token = self._behind_comma(b"}")
        return found

    def _named(self, name: str, token: bytes) -> Any:
        is_kept = token not in (b"{", b"[") or name not in self._left_out
        return self.value(token) if is_kept else LeftOut(self._pass_over())

    def _array(self) -> list[Any]:
        found: list[Any] = []
        token = self.token()
        while token != b"]":
            found.append(self.value(token))
            token = self._behind_comma(b"]")
        return found

    def _behind_comma(self, end: bytes) -> bytes:
        token = self.token()
        if token == b",":
            token = self.token()
            if token != end:
                return token
        elif token == end:
            return token
        raise Broken(f"it is cut off, or not JSON, at byte {self.place:,}")

    def _pass_over(self) -> int:
        """Pass the rest of an array or object over, and return how many objects are directly in it."""
        depth, objects = 1, 0
        while depth:
            mark = self._seek(_MARK)
            self._at += 1
            if mark == b'"':
                self._string()
            elif mark in (b"{", b"["):
                objects += depth == 1 and mark == b"{"
                depth += 1
            elif mark:
                depth -= 1
            else:
                raise Broken(f"it is cut off at byte {self.place:,}")
        return objects

    def token(self) -> bytes:
        """Return the next mark, string, number or word; empty at the end."""
        mark = self._seek(_VISIBLE)
        if not mark:
            return b""
        self._at += 1
        if mark == b'"':
            return self._string()
        return mark if mark in b"{}[],:" else self._word()

    def _word(self) -> bytes:
        start = self._at - 1
        while not (end := _WORD_END.search(self._window, start)):
            is_end = len(self._window) - start > _LONGEST_WORD or not self._read_on(start)
            start = self._at - 1
            if is_end:
                break
        self._at = max(end.start(), start + 1) if end else len(self._window)
        return self._window[start : self._at]

    def _string(self) -> bytes:
        """Return the string whose first quote was passed, with its quotes."""
        start, at = self._at - 1, self._at
        while True:
            stop = _STOP.search(self._window, at)
            if stop and stop.group() == b'"':
                break
            if stop and stop.end() < len(self._window):
                at = stop.end() + 1
                continue
            at = (stop.start() if stop else len(self._window)) - start
            if at > _LONGEST_STRING:
                raise Broken(f"a text at byte {self.place:,} has more than {_LONGEST_STRING:,} bytes")
            if not self._read_on(start):
                raise Broken(f"a text at byte {self.place:,} is cut off")
            start = 0
        self._at = stop.end()
        return self._window[start : self._at]

    def _seek(self, pattern: re.Pattern[bytes]) -> bytes:
        """Stand at what matches next, and return that; empty where nothing does up to the end."""
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise Broken(f"it has more than {_MOST_PARTS:,} parts")
        while not (found := pattern.search(self._window, self._at)):
            if not self._read_on(len(self._window)):
                self._at = len(self._window)
                return b""
        self._at = found.start()
        return found.group()

    def _read_on(self, start: int) -> bool:
        """Read more; the window then begins with what is at `start` now. Return whether there was more."""
        # As much again as is kept: so a long text is copied few times.
        more = self._file.read(max(_BLOCK, len(self._window) - start))
        self._before += start
        self._at = max(self._at - start, 0)
        self._window = self._window[start:] + more
        return bool(more)
