"""Compressed bytes, unpacked while they are read: forward, never to disk, within a budget."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from rollbook.artifact.scan.pickle_bytes import OverBudget

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO

    from typing_extensions import Buffer

_CHUNK = 256 << 10
_MEMORY = 256 << 20  # what unpacking xz may take
_FREE = 256 << 20  # bytes that may be unpacked whatever they were packed to
_HIGHEST_RATIO = 200


class Unpacker(Protocol):
    """What the standard library's decompressors have in common."""

    @property
    def unused_data(self) -> bytes: ...

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int = ...) -> bytes: ...


@dataclass(slots=True)
class ByteBudget:
    """How many bytes may still be unpacked."""

    left: int = 4 << 30

    def require(self, unpacked: int, packed: int) -> None:
        """Raise OverBudget when that is more than may be unpacked."""
        if self.left < 0:
            raise OverBudget("more unpacked bytes than are looked at")
        if unpacked > _FREE and unpacked > _HIGHEST_RATIO * packed:
            raise OverBudget(f"it unpacks to more than {_HIGHEST_RATIO} times its size")


_UNPACKERS: dict[str, Callable[[], Unpacker]] = {
    "gzip": lambda: _Zlib(31),
    "zlib": lambda: _Zlib(15),
    "bzip2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(memlimit=_MEMORY),
}
_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x5d\x00\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"\x1f\x9d", "compress"),
    (b"\x1f\xa0", "compress"),
    (b"LZIP", "lzip"),
    (b"\x89LZO", "lzop"),
    (b"ZF0x", "joblib's first compression"),
)


def compression(head: bytes) -> str:
    """Name what bytes that begin so are compressed with; empty for none that is known."""
    if head[:1] == b"\x78" and len(head) > 2 and int.from_bytes(head[:2], "big") % 31 == 0:
        return "zlib"
    return next((name for magic, name in _MAGIC if head.startswith(magic)), "")


def can_unpack(name: str) -> bool:
    return name in _UNPACKERS


class _Zlib:
    """zlib's decompressor with the face of the others."""

    def __init__(self, wbits: int) -> None:
        self._unpack = zlib.decompressobj(wbits)

    @property
    def unused_data(self) -> bytes:
        return self._unpack.unused_data

    @property
    def eof(self) -> bool:
        return self._unpack.eof

    @property
    def needs_input(self) -> bool:
        return not self._unpack.unconsumed_tail

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._unpack.decompress(self._unpack.unconsumed_tail + data, max_length)


class Unpacked(io.RawIOBase):
    """What compressed bytes unpack to. Several compressed one after the other count as one, as their readers
    have it. Reading raises OverBudget, EOFError where they are cut off, and what the standard library's
    decompressors raise for broken bytes."""

    def __init__(self, packed: IO[bytes], name: str, budget: ByteBudget) -> None:
        self._packed = packed
        self._new = _UNPACKERS[name]
        self._unpacker = self._new()
        self._budget = budget
        self._taken = self._given = 0
        self._began = False

    def readable(self) -> bool:
        return True

    def readinto(self, target: Buffer, /) -> int:
        room = memoryview(target)
        data = self._next(len(room))
        room[: len(data)] = data
        return len(data)

    def _next(self, most: int) -> bytes:
        while True:
            if self._unpacker.eof:
                packed = self._unpacker.unused_data.lstrip(b"\0")
                while not packed:  # zeros may follow
                    if not (chunk := self._read()):
                        return b""
                    packed = chunk.lstrip(b"\0")
                self._unpacker, self._began = self._new(), False
            else:
                needs = self._unpacker.needs_input
                packed = self._read() if needs else b""
                if needs and not packed:
                    if self._began or not self._given:
                        raise EOFError("the compressed bytes are cut off")
                    return b""
            self._began = True
            if data := self._unpacker.decompress(packed, most):
                self._count(len(data))
                return data

    def _read(self) -> bytes:
        data = self._packed.read(_CHUNK)
        self._taken += len(data)
        return data

    def _count(self, given: int) -> None:
        self._given += given
        self._budget.left -= given
        self._budget.require(self._given, self._taken)
