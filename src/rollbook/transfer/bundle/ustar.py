"""The one way in which a bundle writes tar: plain files, each with a head that name and size alone decide.

So a reader needs to trust no head: it compares each with the one that has to stand there. The format is POSIX
ustar, with a pax record for names and sizes that ustar has no room for
(https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html); every tar reads it.
"""

from __future__ import annotations

BLOCK = 512
END = bytes(2 * BLOCK)
_MODE = 0o644
_LONGEST_NAME = 100  # bytes
_MOST_OCTAL = 8**11 - 1
_PLAIN, _PAX = b"0", b"x"
_PAX_NAME = b"././@PaxHeader"
_SIZE = slice(124, 135)


def head(name: str, size: int) -> bytes:
    """Return the tar header of a file of this name and size in bytes, with mode 0644, owner 0 and time 0."""
    told = name.encode()
    records = b""
    if len(told) > _LONGEST_NAME or not name.isascii():
        records += _record("path", told)
        told = name.encode("ascii", "replace")[:_LONGEST_NAME]
    if size > _MOST_OCTAL:
        records += _record("size", b"%d" % size)
        size = 0
    if not records:
        return _block(told, size, _PLAIN)
    before = _block(_PAX_NAME, len(records), _PAX) + records + bytes(padding(len(records)))
    return before + _block(told, size, _PLAIN)


def padding(size: int) -> int:
    """Return how many zero bytes follow a content of `size` bytes."""
    return -size % BLOCK


def size_of(block: bytes, name: str) -> int | None:
    """Return the size that a head of one block gives the file `name`; None unless it is such a head."""
    digits = block[_SIZE]
    size = int(digits, 8) if digits.isdigit() and not set(digits) & set(b"89") else None
    return size if size is not None and head(name, size) == block else None


def _record(key: str, value: bytes) -> bytes:
    """Return a pax record, which begins with its own length in bytes."""
    rest = b" %s=%s\n" % (key.encode(), value)
    length = len(rest) + 1
    while len(b"%d" % length) + len(rest) != length:
        length = len(b"%d" % length) + len(rest)
    return b"%d" % length + rest


def _block(name: bytes, size: int, kind: bytes) -> bytes:
    fields = (
        name.ljust(_LONGEST_NAME, b"\0"), b"%07o\0" % _MODE, b"%07o\0" % 0, b"%07o\0" % 0,
        b"%011o\0" % size, b"%011o\0" % 0, b" " * 8, kind, bytes(100), b"ustar\0", b"00",
        bytes(32), bytes(32), b"%07o\0" % 0, b"%07o\0" % 0, bytes(155), bytes(12),
    )  # fmt: skip
    block = b"".join(fields)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]
