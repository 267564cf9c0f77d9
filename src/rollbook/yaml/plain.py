"""Reading plain YAML a line at a time: what nearly every file of a registry is, in a third of the time.

Plain are keys that are words, each with a scalar on its line or with what is indented below it, and lists of
such. A line has one meaning then, whatever stands around it. All else is left to the parser (`strict.load`).
"""

from __future__ import annotations

import functools
import re
from typing import Any, NamedTuple

from rollbook.yaml.scalars import Scalar, value_of

# ASCII, and nothing that could be more than a character of the scalar: no `: `, no ` #`, no quote in front.
_WORDS = r"(?:[A-Za-z0-9/_.~+]|-(?=[A-Za-z0-9.]))[ !\"$-9;-~]*(?:(?::(?! )|(?<! )#)[ !\"$-9;-~]*)*(?<![ :])"
_SCALAR = rf"""(?:(?P<words>{_WORDS})|'(?P<single>[ -&(-~]*)'|"(?P<double>[ !#-\[\]-~]*)")"""
_LINE = re.compile(
    rf"(?P<blanks> *)(?P<dash>- )?(?:(?P<key>[A-Za-z_][A-Za-z0-9_-]{{0,99}}):(?: |\Z))?(?:{_SCALAR})?"
)
_COMMENTS = re.compile(r"(?:#[ -~]*\n)*")
_DEEPEST = 20


class _Line(NamedTuple):
    """A line: how far it is indented, whether it begins an item of a list, its key (empty: none), and its
    scalar; without one, what belongs to the key may stand below it."""

    depth: int
    begins_item: bool
    key: str
    has_scalar: bool
    scalar: Scalar


def plain_mapping(text: str) -> dict[str, Any] | None:
    """Return the mapping that a plain text is, as `load` does; None for any other text, right or wrong."""
    comments = _COMMENTS.match(text)
    *lines, end = text[comments.end() if comments else 0 :].split("\n")
    if end or not lines:
        return None
    root: dict[str, Any] = {}
    top: Any = root
    indent = 0
    around: list[tuple[int, Any]] = []  # the mappings and lists that `top` stands in, and their indentation
    open_key = ""  # the key of `top` that something may stand below
    for text_line in lines:
        line = _line(text_line)
        if line is None:
            return None
        depth, begins_item, key, has_scalar, scalar = line
        if depth > indent:
            if not open_key or len(around) > _DEEPEST:
                return None
            around.append((indent, top))
            below: Any = [] if begins_item else {}
            top[open_key] = below
            top, indent = below, depth
        while depth < indent:
            indent, top = around.pop()
        if depth != indent or (type(top) is list) != begins_item:
            return None
        if not key:
            top.append(scalar)
            open_key = ""
            continue
        if begins_item:
            around.append((indent, top))
            top.append({})
            top, indent = top[-1], indent + 2
        if key in top:
            return None
        top[key] = scalar
        open_key = "" if has_scalar else key
    return root


@functools.lru_cache(maxsize=1 << 13)  # most lines are those of the file before
def _line(text: str) -> _Line | None:
    found = _LINE.fullmatch(text)
    if found is None:
        return None
    blanks, dash, key, words, single, double = found.groups()
    quoted = single if single is not None else double
    try:
        scalar = value_of(words) if words else quoted
        is_text = key is None or isinstance(value_of(key), str)
    except ValueError:  # the parser has words for it
        return None
    has_scalar = bool(words) or quoted is not None
    if not is_text or (key is None and not (dash and has_scalar)):
        return None
    return _Line(len(blanks), bool(dash), key or "", has_scalar, scalar)
