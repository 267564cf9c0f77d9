"""The bytes of a pickle as the standard library's parser of opcodes reads them: forward, once, bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.artifact.pickle_scan import is_number

if TYPE_CHECKING:
    from typing import IO

SHORT = 256  # bytes of a literal that are kept
_LONGEST_LINE = 16 << 20
_CHUNK = 1 << 20


class NoPickle(Exception):
    """No unpickler gets past these bytes. The text says why."""


class OverBudget(Exception):
    """There is more than is looked at. The text says of what."""


class _Passed(bytes):
    """Stands for bytes that were passed over: as long as they were, and empty."""

    _length: int

    @classmethod
    def of(cls, length: int) -> _Passed:
        passed = cls()
        passed._length = length
        return passed

    def __len__(self) -> int:
        return self._length


class PickleBytes:
    """What `pickletools.genops` reads. Literals of more than `SHORT` bytes are passed over: seeking, where
    the file can. `taken` has the bytes of the opcode at hand, `has_passed` whether some were passed.

    `pickletools` reads numbers and texts more strictly than the unpickler in C does. What that one takes is
    handed on in a form that both take, so that neither stops before the other.
    """

    def __init__(self, file: IO[bytes], size: int | None = None) -> None:
        self._file = file
        self._size = size  # None: the end is found by reading
        self.at = 0
        self.taken = bytearray()
        self.has_passed = False

    def begin(self) -> None:
        """Begin with the next opcode."""
        self.taken.clear()
        self.has_passed = False

    def tell(self) -> int:
        return self.at

    def read(self, count: int) -> bytes:
        """Return the next bytes, fewer at the end."""
        if count > SHORT:
            self.has_passed = True
            return _Passed.of(count) if self.skip(count) else b""
        data = self._file.read(count)
        self.at += len(data)
        self.taken += data
        return data

    def readline(self) -> bytes:
        """Return the line that follows, as `pickletools` takes it."""
        opcode = bytes(self.taken[:1])
        line = self._file.readline(_LONGEST_LINE)
        self.at += len(line)
        self.taken += line
        if len(line) == _LONGEST_LINE:
            raise OverBudget(f"a line of more than {_LONGEST_LINE:,} bytes")
        if not line.endswith(b"\n"):
            raise NoPickle("it ends within a line")
        if opcode in (b"I", b"L", b"F"):
            if not is_number(line):
                raise NoPickle("a number that is none")
            return line if line[:-1].removesuffix(b"L").isdigit() else b"0\n"
        if opcode == b"S":
            return _quoted(line)
        if opcode in (b"c", b"i", b"P"):
            return bytes(byte if 32 < byte < 127 and byte != 92 else 63 for byte in line[:-1]) + b"\n"
        if opcode == b"V":
            return line if _is_unicode(line) else b"?\n"
        return line

    def skip(self, count: int) -> bool:
        """Pass bytes over; return whether there were as many."""
        if self._size is not None:
            if count > self._size - self.at:
                return False
            self._file.seek(count, 1)
            self.at += count
            return True
        left = count
        while left:
            data = self._file.read(min(left, _CHUNK))
            if not data:
                return False
            left -= len(data)
            self.at += len(data)
        return True

    def rest_is_padding(self) -> bool:
        """Read on; return whether nothing but zeros and white space follows, at most a few."""
        data = self._file.read(_CHUNK)
        self.at += len(data)
        return len(data) < _CHUNK and not data.strip(b"\0 \t\r\n")


def _quoted(line: bytes) -> bytes:
    text = line.strip()
    if len(text) < 2 or text[0] != text[-1] or text[:1] not in (b"'", b'"'):
        raise NoPickle("a text without quotes")
    # An escape stands for one character in both; what the text says is of no account where it has one.
    return b"'?'\n" if b"\\" in text or not text.isascii() else text + b"\n"


def _is_unicode(line: bytes) -> bool:
    try:
        line.decode("raw-unicode-escape")
    except UnicodeDecodeError as error:
        raise NoPickle("a text that is none") from error
    return True
