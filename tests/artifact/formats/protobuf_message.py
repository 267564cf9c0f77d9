"""Protocol buffers written by hand, for what no library would write."""

from __future__ import annotations


def varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])


def number(field_number: int, value: int) -> bytes:
    return varint(field_number << 3) + varint(value)


def field(field_number: int, body: bytes) -> bytes:
    return varint(field_number << 3 | 2) + varint(len(body)) + body
