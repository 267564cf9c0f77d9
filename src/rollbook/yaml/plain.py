"""Reading the plain shape of YAML in which most files are written: a key or an item a line, each value whole.

Only for speed. What it reads means the same to the strict reader; what has any other shape it leaves alone.
"""

from __future__ import annotations

import re
import string
from functools import lru_cache
from typing import Any

from rollbook.yaml.scalars import value_of

_DEPTH = 30  # the strict reader says what is too deep
# Indentation, the dash of an item, a key, and the rest: every line matches.
_LINE = re.compile(r"^( *)(- )?(?:([A-Za-z_][A-Za-z0-9_.-]{0,99}):(?: |$))?(.*)$", re.MULTILINE)
_WORD_STARTS = frozenset("_/(" + string.ascii_letters + string.digits)
_SIGNED = re.compile(r"[-+.]{1,3}[A-Za-z0-9_/(]")

_SHORT = 50  # characters

_Line = tuple[int, bool, str, str]
_END: _Line = (-1, False, "", "")


class NotPlain(Exception):
    """The text has another shape."""


def plain(text: str) -> dict[str, Any]:
    """Return the mapping that `text` is. The text has no forbidden characters.

    Raises NotPlain, and ValueError for a number too large, where it has to be read the strict way.
    """
    if "\t" in text or "\r" in text:
        raise NotPlain
    lines = [
        (len(indent), bool(dash), key, rest)
        for indent, dash, key, rest in _LINE.findall(text)
        if dash or key or (rest and rest[0] != "#")
    ]
    reading = _Reading([*lines, _END])
    found = reading.mapping(0, 0)
    if reading.lines[reading.place] is not _END:
        raise NotPlain
    return found


def _value(text: str) -> Any:
    """What a value means that stands whole on its line."""
    if len(text) < _SHORT and text[0] not in "[{":
        return _short(text)
    return _meaning(text)


def _meaning(text: str) -> Any:
    first = text[0]
    if first in _WORD_STARTS or _SIGNED.match(text):
        if text[-1] in ": " or (" " in text and (": " in text or " #" in text)):
            raise NotPlain
        return value_of(text)
    if first in "\"'":
        if text[-1] == first and text.count(first) == 2 and "\\" not in text:
            return text[1:-1]
        raise NotPlain
    if text == "[]":
        return []
    if text == "{}":
        return {}
    raise NotPlain


# What is written once in a registry is written often: names of types, of people, of columns.
_short = lru_cache(1 << 14)(_meaning)


class _Reading:
    """The lines of a text, and the place of the next one."""

    __slots__ = ("lines", "place")

    def __init__(self, lines: list[_Line]) -> None:
        self.lines = lines
        self.place = 0

    def mapping(self, indent: int, depth: int) -> dict[str, Any]:
        """The keys from the next line on that stand at `indent`."""
        if depth > _DEPTH:
            raise NotPlain
        lines = self.lines
        found: dict[str, Any] = {}
        at, is_item, key, rest = lines[self.place]
        while at == indent and not is_item:
            if not key or key in found or (len(key) < 6 and not isinstance(value_of(key), str)):
                raise NotPlain
            self.place += 1
            found[key] = _value(rest) if rest else self.below(indent, depth)
            at, is_item, key, rest = lines[self.place]
        if not found or at > indent:
            raise NotPlain
        return found

    def below(self, indent: int, depth: int) -> Any:
        """What stands below a key at `indent`: nothing, where the next line is no part of it."""
        at, is_item, _, _ = self.lines[self.place]
        if at < indent or (at == indent and not is_item):
            return None
        return self.sequence(at, depth + 1) if is_item else self.mapping(at, depth + 1)

    def sequence(self, indent: int, depth: int) -> list[Any]:
        """The items from the next line on whose dashes stand at `indent`."""
        lines = self.lines
        found: list[Any] = []
        at, is_item, key, rest = lines[self.place]
        while at == indent and is_item:
            if key:
                lines[self.place] = (indent + 2, False, key, rest)
                found.append(self.mapping(indent + 2, depth + 1))
            elif rest:
                self.place += 1
                found.append(_value(rest))
            else:
                raise NotPlain
            at, is_item, key, rest = lines[self.place]
        if at > indent:
            raise NotPlain
        return found
