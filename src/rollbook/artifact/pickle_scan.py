"""Whether unpickling bytes would run code that they bring along: told from the opcodes, of which none is run.

https://docs.python.org/3/library/pickletools.html has the opcodes. A pickle needs no header, and what it
imports is run before its end is reached: so neither is asked for.
"""

from __future__ import annotations

import pickletools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import IO

_OPCODES = {opcode.code.encode("latin-1"): opcode for opcode in pickletools.opcodes}
_IMPORTS = frozenset(["GLOBAL", "STACK_GLOBAL", "INST", "EXT1", "EXT2", "EXT4"])
# What calls an imported thing, a method of it, or hands it over.
_USES = frozenset(
    [
        *("INST", "OBJ", "REDUCE", "NEWOBJ", "NEWOBJ_EX", "BUILD", "STOP", "BINPERSID"),
        *("APPEND", "APPENDS", "SETITEM", "SETITEMS", "ADDITEMS"),
    ]
)
_NUMBERS = frozenset(["INT", "LONG", "FLOAT"])
_NAME = re.compile(rb"[^\W\d][\w.]*\n", re.ASCII)
_MARK = pickletools.markobject
# How many bytes tell how long a counted argument is.
_COUNTED = {
    pickletools.TAKEN_FROM_ARGUMENT1: 1,
    pickletools.TAKEN_FROM_ARGUMENT4: 4,
    pickletools.TAKEN_FROM_ARGUMENT4U: 4,
    pickletools.TAKEN_FROM_ARGUMENT8U: 8,
}
_MOST = 1 << 20
_LONGEST_LINE = 16 << 20  # bytes


class _NoPickleError(Exception):
    """No unpickler gets past these bytes."""


class _EndError(Exception):
    """The bytes end, or are too many."""


def may_run_code(file: IO[bytes], size: int, *, is_whole: bool = True, most: int = _MOST) -> bool:
    """Return whether unpickling the `size` bytes (the beginning of more, unless `is_whole`) from where `file`
    stands imports something and uses it. What can't be told within bounds, `most` opcodes, may."""
    scan = _Scan(file, file.tell() + size)
    try:
        for _ in range(most):
            if scan.step():
                return True
    except _NoPickleError:
        return False
    except _EndError:
        return not is_whole or scan.is_too_long
    return True


@dataclass
class _Scan:
    """How far the opcodes are read. `stack` has, for each thing that an unpickler would hold, whether it is a
    mark."""

    file: IO[bytes]
    end: int
    stack: list[bool] = field(default_factory=list)
    has_imported: bool = False
    is_too_long: bool = False

    def step(self) -> bool:
        """Read one opcode and its argument; return whether something imported is used by it."""
        opcode = _OPCODES.get(self._read(1))
        if opcode is None:
            raise _NoPickleError
        self._argument(opcode)
        self._change_stack(opcode)
        if opcode.name == "STOP":  # some files are several pickles
            self.stack.clear()
        self.has_imported = self.has_imported or opcode.name in _IMPORTS
        return self.has_imported and opcode.name in _USES

    def _argument(self, opcode: pickletools.OpcodeInfo) -> None:
        argument = opcode.arg
        if argument is None:
            return
        if argument.n >= 0:
            self._read(argument.n)
        elif argument.n in _COUNTED:
            length = int.from_bytes(self._read(_COUNTED[argument.n]), "little")
            self._skip(length)
        else:
            lines = [self._line() for _ in range(2 if opcode.name in ("GLOBAL", "INST") else 1)]
            if len(lines) == 2 and not all(map(_NAME.fullmatch, lines)):
                raise _NoPickleError
            if opcode.name in _NUMBERS and not is_number(lines[0]):
                raise _NoPickleError

    def _change_stack(self, opcode: pickletools.OpcodeInfo) -> None:
        before = opcode.stack_before
        operands = len(before)
        if _MARK in before:
            while not self._pop():
                pass
            operands = before.index(_MARK)
        for _ in range(operands):
            self._pop()
        self.stack.extend(kind is _MARK for kind in opcode.stack_after)

    def _pop(self) -> bool:
        if not self.stack:
            raise _NoPickleError
        return self.stack.pop()

    def _read(self, count: int) -> bytes:
        data = self.file.read(count)
        if len(data) < count:
            raise _EndError
        return data

    def _line(self) -> bytes:
        line = self.file.readline(_LONGEST_LINE)
        if not line.endswith(b"\n"):
            self.is_too_long = len(line) == _LONGEST_LINE
            raise _EndError
        return line

    def _skip(self, count: int) -> None:
        if self.file.tell() + count > self.end:
            raise _EndError
        self.file.seek(count, 1)


def is_number(line: bytes) -> bool:
    text = line.strip().removesuffix(b"L").decode("latin-1")
    try:
        int(text, 0)
    except ValueError:
        try:
            float(text)
        except ValueError:
            return text.isdigit()
    return True
