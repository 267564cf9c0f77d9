"""Protocol buffers, field by field, without their schema: https://protobuf.dev/programming-guides/encoding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.artifact.formats.contents import Broken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.artifact.formats.byte_cursor import ByteCursor

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_LONGEST_TEXT = 64 << 10  # bytes


@dataclass(frozen=True, slots=True)
class ProtobufField:
    """A field of a message: its number, its value where that is a number, else a cursor over its bytes."""

    number: int
    value: int
    body: ByteCursor | None = None

    def message(self) -> ByteCursor:
        """Return the bytes of a message in a message. Raises Broken for a number."""
        if self.body is None:
            raise Broken(f"field {self.number} is a number where a message is due")
        return self.body

    def text(self) -> str:
        """Return a text. Raises Broken for a number, what is no UTF-8, or 64 KiB and more."""
        body = self.message()
        if body.left >= _LONGEST_TEXT:
            raise Broken(f"the text in field {self.number} has {body.left:,} bytes")
        try:
            return body.take(body.left, "a text").decode()
        except UnicodeDecodeError as error:
            raise Broken(f"the text in field {self.number} is not UTF-8") from error


def protobuf_fields(message: ByteCursor, most: int) -> Iterator[ProtobufField]:
    """Yield the fields of a message; the bytes of what is long are passed over.

    Raises Broken for what is no message, and for more than `most` fields.
    """
    for _ in range(most):
        if not message.left:
            return
        key = varint(message)
        number, wire = key >> 3, key & 7
        if not number:
            raise Broken(f"there is no field 0, at byte {message.at:,}")
        if wire == _VARINT:
            yield ProtobufField(number, varint(message))
        elif wire == _LENGTH:
            length = varint(message)
            yield ProtobufField(number, 0, message.within(length, f"field {number}"))
        elif wire in (_FIXED64, _FIXED32):
            layout = "<Q" if wire == _FIXED64 else "<I"
            yield ProtobufField(number, message.number(layout, f"field {number}"))
        else:
            raise Broken(f"wire type {wire}, at byte {message.at:,}, is none that is in use")
    if message.left:
        raise Broken(f"a message has more than {most:,} fields")


def varint(message: ByteCursor) -> int:
    """Read a number of variable length, at most 64 bits. Raises Broken."""
    value = 0
    for shift in range(0, 70, 7):
        byte = message.take(1, "a number")[0]
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF
    raise Broken(f"a number of more than ten bytes, at byte {message.at:,}")
