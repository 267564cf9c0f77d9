"""The names in a zip archive, read from its central directory within a fixed bound; nothing is unpacked."""

from __future__ import annotations

import struct
from typing import BinaryIO

# Layouts: APPNOTE.TXT 6.3.10, sections 4.3.12 (central directory), 4.3.14-4.3.16 (its end, with zip64).
_MOST = 64 << 10
_END = struct.Struct("<4s4H2LH")
_ENTRY = struct.Struct("<4s6H3L5H2L")


def zip_names(file: BinaryIO, size: int) -> tuple[str, ...]:
    """The first names in the central directory of the zip `file` of `size` bytes; empty when it has none."""
    tail_at = max(0, size - _MOST)
    file.seek(tail_at)
    tail = file.read(_MOST)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        return ()
    *_, directory_at, _ = _END.unpack_from(tail, at)
    if directory_at == 0xFFFFFFFF:
        directory_at = _zip64_directory(tail)
    if directory_at >= size:
        return ()
    file.seek(directory_at)
    return tuple(_names(file.read(_MOST)))


def _zip64_directory(tail: bytes) -> int:
    at = tail.rfind(b"PK\x06\x06")
    if at < 0 or len(tail) - at < 56:
        return 1 << 63
    (offset,) = struct.unpack_from("<Q", tail, at + 48)
    return int(offset)


def _names(directory: bytes) -> list[str]:
    names = []
    at = 0
    while directory[at : at + 4] == b"PK\x01\x02" and len(directory) - at >= _ENTRY.size:
        fields = _ENTRY.unpack_from(directory, at)
        name, extra, comment = fields[10:13]
        start = at + _ENTRY.size
        names.append(directory[start : start + name].decode("utf-8", "replace"))
        at = start + name + extra + comment
    return names
