"""The inputs and outputs of an ONNX graph: https://github.com/onnx/onnx/blob/main/docs/IR.md#types.

What is no tensor has a word made of those of its parts: `sequence(map(int64,float32))` is what a
classifier's probabilities are, as skl2onnx converts it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.artifact.formats.contents import Broken
from rollbook.artifact.formats.protobuf import protobuf_fields
from rollbook.records.dtypes import DTYPES
from rollbook.records.signature import Column

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.artifact.formats.byte_cursor import ByteCursor
    from rollbook.artifact.formats.protobuf import ProtobufField

_WORDS = {dtype.onnx: dtype.name for dtype in DTYPES if dtype.onnx}
_TENSOR, _SEQUENCE, _MAP, _OPAQUE, _SPARSE, _OPTIONAL = 1, 4, 5, 7, 8, 9  # fields of TypeProto
_MOST_FIELDS = 1_000
_DEEPEST = 8


def read_column(body: ByteCursor) -> Column:
    """Read a ValueInfoProto. Raises Broken."""
    name, dtype, shape = "", "undefined", None
    for part in protobuf_fields(body, _MOST_FIELDS):
        if part.number == 1:
            name = part.text()
        elif part.number == 2:
            dtype, shape = _type(part.message(), 1)
    return Column(name, dtype, shape)


def _type(body: ByteCursor, depth: int) -> tuple[str, tuple[int, ...] | None]:
    """Return the word of a TypeProto, and its shape where it is a tensor."""
    if depth > _DEEPEST:
        raise Broken(f"a type has more than {_DEEPEST} types in one another")
    word, shape = "undefined", None
    for part in protobuf_fields(body, _MOST_FIELDS):
        if part.number in (_TENSOR, _SPARSE):
            word, shape = _tensor(part.message())
            word = f"sparse({word})" if part.number == _SPARSE else word
        elif part.number in (_SEQUENCE, _OPTIONAL):
            inner = next(
                (_type(kind.message(), depth + 1)[0] for kind in _numbered(part.message(), 1)), "any"
            )
            word, shape = f"{'sequence' if part.number == _SEQUENCE else 'optional'}({inner})", None
        elif part.number == _MAP:
            word, shape = _map(part.message(), depth), None
        elif part.number == _OPAQUE:
            word, shape = "opaque", None
    return word, shape


def _numbered(body: ByteCursor, number: int) -> Iterator[ProtobufField]:
    return (part for part in protobuf_fields(body, _MOST_FIELDS) if part.number == number)


def _tensor(body: ByteCursor) -> tuple[str, tuple[int, ...] | None]:
    word, shape = "undefined", None
    for part in protobuf_fields(body, _MOST_FIELDS):
        if part.number == 1:
            word = _word(part.value)
        elif part.number == 2:
            shape = tuple(_size(size.message()) for size in _numbered(part.message(), 1))
    return word, shape


def _map(body: ByteCursor, depth: int) -> str:
    key, value = "undefined", "undefined"
    for part in protobuf_fields(body, _MOST_FIELDS):
        if part.number == 1:
            key = _word(part.value)
        elif part.number == 2:
            value, _ = _type(part.message(), depth + 1)
    return f"map({key},{value})"


def _word(number: int) -> str:
    return _WORDS.get(number, f"onnx-{number}" if number else "undefined")


def _size(body: ByteCursor) -> int:
    """Return a dimension's size: -1 where it has a name or nothing, or what no size can be."""
    sizes = [part.value for part in _numbered(body, 1)]
    return sizes[-1] if sizes and 0 < sizes[-1] < 1 << 63 else -1
