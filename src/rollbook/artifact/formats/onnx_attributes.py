"""The long lists in an ONNX operator's attributes, passed over: a forest of trees is some millions of values.

In an AttributeProto each of `floats`, `ints` and `strings` is a field of its own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollbook.artifact.formats.byte_cursor import ByteCursor

LISTED = (7, 8, 9)  # `floats`, `ints`, `strings`
_CHUNK = 64 << 10  # bytes
# The key of each field, then its value: four bytes, a number, or a text of up to 127 bytes with its length.
_TEXTS = b"|".join(b"%b.{%d}" % (re.escape(bytes([length])), length) for length in range(128))
_VALUES = re.compile(rb"(?:\x3d.{4}|\x40[\x80-\xff]{0,9}[\x00-\x7f]|\x4a(?:%b))*+" % _TEXTS, re.DOTALL)


def pass_values(attribute: ByteCursor, most: int) -> int:
    """Pass over the values that stand here one behind the other, until there were `most` bytes of them;
    return how many."""
    passed = 0
    while passed < most and (found := _VALUES.match(attribute.peek(_CHUNK))) and found.end():
        attribute.skip(found.end(), "values")
        passed += found.end()
    return passed
