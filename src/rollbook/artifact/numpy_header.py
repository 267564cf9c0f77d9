"""The header of a NumPy array in a file, and whether what follows is a pickle.

https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html: a magic number, a version, a length,
and a dictionary as Python writes it. An array of objects is a pickle behind that header.
"""

from __future__ import annotations

import ast
import math
import re
from dataclasses import dataclass

MAGIC = b"\x93NUMPY"
MOST_HEADER = 10_000  # bytes: what NumPy itself reads of a file that is not trusted
HEAD = 12 + MOST_HEADER  # bytes of a file in which a header stands, with all before it
_MOST_DIMENSIONS = 64
_DEEPEST = 8  # structures in structures
# What a dictionary in a header is made of. Nothing else is given to Python's parser.
_LITERALS = re.compile(r"(?:'[^'\\\n]*'|\"[^\"\\\n]*\"|\d{1,19}|True|False|[\[\](){},:\s])*+", re.ASCII)
_SCALAR = re.compile(r"[<>|=]?(?:([biufcSUVa])(\d{1,9})|([mM])8(?:\[\d{0,6}[A-Za-z]{1,7}\])?)", re.ASCII)
_NAMES = {"i": "int", "u": "uint", "f": "float", "c": "complex"}


class NoPlainArray(Exception):
    """The bytes are no header of an array of numbers or texts: what follows may be anything."""


@dataclass(frozen=True, slots=True)
class ArrayHeader:
    """An array's type by NumPy's name, its shape, how many bytes an element has, and where they begin."""

    dtype: str
    shape: tuple[int, ...]
    item_size: int
    start: int

    @property
    def size(self) -> int:
        """How many bytes the header and the array have."""
        return self.start + self.item_size * math.prod(self.shape)


def holds_objects(head: bytes) -> bool:
    """Return whether `head`, the first HEAD bytes of a file, begins an array that is a pickle, or may be."""
    if not head.startswith(MAGIC):
        return False
    try:
        array_header(head)
    except NoPlainArray:
        return True
    return False


def array_header(head: bytes) -> ArrayHeader:
    """Return the header at the beginning of `head`. Raises NoPlainArray for an array of objects, and where it
    can't be told."""
    if not head.startswith(MAGIC) or len(head) < 10:
        raise NoPlainArray("it has no header of a NumPy array")
    width = 2 if head[6] == 1 else 4
    length = int.from_bytes(head[8 : 8 + width], "little")
    start = 8 + width + length
    if head[6] not in (1, 2, 3) or length > MOST_HEADER or start > len(head):
        raise NoPlainArray("its header is cut off, too long, or of an unknown version")
    document = _dictionary(head[8 + width : start].decode("latin-1" if head[6] < 3 else "utf-8", "replace"))
    shape = document["shape"]
    if not isinstance(shape, tuple) or len(shape) > _MOST_DIMENSIONS:
        raise NoPlainArray("its header has no shape")
    if not all(type(size) is int and size >= 0 for size in shape):
        raise NoPlainArray("its header has no shape")
    dtype, item_size = _type(document["descr"], 1)
    return ArrayHeader(dtype, shape, item_size, start)


def _dictionary(text: str) -> dict[str, object]:
    if not _LITERALS.fullmatch(text):
        raise NoPlainArray("its header is no dictionary of plain values")
    try:
        document = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise NoPlainArray("its header is no dictionary of plain values") from error
    if not isinstance(document, dict) or {*document} != {"descr", "fortran_order", "shape"}:
        raise NoPlainArray("its header has no descr, fortran_order and shape")
    return document


def _type(description: object, depth: int) -> tuple[str, int]:
    """Return NumPy's name of a type, and how many bytes an element has."""
    if isinstance(description, str):
        return _scalar(description)
    if not isinstance(description, list) or depth > _DEEPEST or not description:
        raise NoPlainArray("its elements are of no plain type")
    size = 0
    for field in description:
        if not isinstance(field, tuple) or len(field) not in (2, 3):
            raise NoPlainArray("its elements are of no plain type")
        shape = field[2] if len(field) == 3 else ()
        sizes = shape if isinstance(shape, tuple) else (shape,)
        if not all(type(each) is int and each >= 0 for each in sizes):
            raise NoPlainArray("its elements are of no plain type")
        _, inner = _type(field[1], depth + 1)
        size += inner * math.prod(sizes)
    return "structured", size


def _scalar(code: str) -> tuple[str, int]:
    found = _SCALAR.fullmatch(code)
    if found is None:
        raise NoPlainArray(f"its elements are of the type {code[:20]!r}, which no plain array has")
    if found[3]:
        return ("datetime64" if found[3] == "M" else "timedelta64"), 8
    kind, size = found[1], int(found[2])
    if kind == "b":
        return "bool", size
    if kind in _NAMES:
        return f"{_NAMES[kind]}{8 * size}", size
    return {"U": "string", "V": "void"}.get(kind, "bytes"), size * (4 if kind == "U" else 1)
