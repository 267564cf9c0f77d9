"""Following a pickle opcode by opcode to its end, without doing what it says: which globals it imports.

The opcodes are read by the standard library's `pickletools.genops`. What the walk leaves behind is the pickle
without its long literals and the arrays that joblib keeps in between: small enough for another opinion.
"""

from __future__ import annotations

import pickletools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollbook.artifact.scan.allowed_globals import is_for_one_use
from rollbook.artifact.scan.joblib_array import WRAPPER, NotTold, array_span, is_wrapper
from rollbook.artifact.scan.pickle_bytes import NoPickle, OverBudget
from rollbook.artifact.scan.stack_machine import Oddity, StackMachine

if TYPE_CHECKING:
    from rollbook.artifact.scan.pickle_bytes import PickleBytes
    from rollbook.artifact.scan.pickled_values import Imported

_MOST_CONDENSED = 128 << 20  # bytes
# Only names matter to another opinion; bytes and prose look like a pickle at times.
_TEXTS = frozenset(
    [
        *("STRING", "BINSTRING", "SHORT_BINSTRING"),
        *("UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
    ]
)
_NAME = re.compile(r"[\w.<>]+")
_BYTES = frozenset(["BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"])
# What these and other long literals become in what is left of a pickle.
_EMPTY_BYTES, _EMPTY_TEXT = b"C\0", b"\x8c\0"
_CUT = {
    "BINBYTES": _EMPTY_BYTES,
    "SHORT_BINBYTES": _EMPTY_BYTES,
    "BINBYTES8": _EMPTY_BYTES,
    "BYTEARRAY8": b"\x96" + bytes(8),
    "LONG1": b"\x8a\0",
    "LONG4": b"\x8a\0",
}


@dataclass(slots=True)
class OpcodeBudget:
    """How many opcodes may still be read."""

    left: int = 10_000_000


@dataclass(slots=True)
class Walk:
    """How a pickle was followed. `ends_badly` says why an unpickler fails there, `is_untold` why the scan
    goes no further though an unpickler may; both are empty for one that was read to its end."""

    start: int
    protocol: int = 0
    opcodes: int = 0
    imports: dict[Imported, int] = field(default_factory=dict)
    oddities: list[Oddity] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    first_number: int | None = None
    persistent: int = 0
    calls: int = 0
    has_arrays: bool = False
    ends_badly: str = ""
    is_untold: str = ""
    condensed: bytearray = field(default_factory=bytearray)
    inner: list[Walk] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return not self.ends_badly and not self.is_untold


class _Follower:
    """One walk: the bytes, what an unpickler would hold, and what came of it."""

    def __init__(
        self, data: PickleBytes, budget: OpcodeBudget, *, as_joblib: bool, is_inner: bool = False
    ) -> None:
        self.data = data
        self.budget = budget
        self.as_joblib = as_joblib
        self.is_inner = is_inner
        self.machine = StackMachine()
        self.walk = Walk(data.at)
        self.frame_end: int | None = None

    def follow(self) -> Walk:
        walk, machine = self.walk, self.machine
        try:
            self._opcodes()
        except OverBudget as error:
            walk.is_untold = f"over budget: {error}"
        except NotTold as error:
            walk.is_untold = str(error)
        except NoPickle as error:
            walk.ends_badly = f"{error}, at byte {self.data.at:,}"
        except (ValueError, OverflowError) as error:
            walk.ends_badly = f"{str(error)[:100]}, near byte {self.data.at:,}"
        walk.protocol, walk.persistent, walk.calls = machine.protocol, machine.persistent, machine.calls
        walk.imports, walk.oddities, walk.texts = machine.imports, machine.oddities, machine.texts
        return walk

    def _opcodes(self) -> None:
        data, machine, walk, budget = self.data, self.machine, self.walk, self.budget
        data.begin()
        for opcode, argument, at in pickletools.genops(data):  # type: ignore[arg-type]
            walk.opcodes += 1
            budget.left -= 1
            if budget.left < 0:
                raise OverBudget("more opcodes than are looked at")
            name = opcode.name
            if walk.first_number is None and name in ("LONG1", "INT", "LONG"):
                walk.first_number = argument if isinstance(argument, int) else -1
            if name == "FRAME":
                self.frame_end = data.at + int(argument or 0)
            machine.do(name, argument, at or 0, is_cut=data.has_passed)
            self._condense(name, argument)
            data.begin()
            if name == "BUILD" and self.as_joblib and is_wrapper(machine.top()):
                self._pass_array()
                data.begin()
        if self.is_inner:
            self._require_no_frame("a pickle ends")
        self._require_usual_calls()

    def _condense(self, name: str, argument: object) -> None:
        condensed = self.walk.condensed
        if name == "FRAME":
            return
        is_prose = isinstance(argument, str) and name in _TEXTS and not _NAME.fullmatch(argument)
        if name in _BYTES or is_prose or self.data.has_passed:
            condensed += _CUT.get(name, _EMPTY_TEXT)
        else:
            condensed += self.data.taken
        if len(condensed) > _MOST_CONDENSED:
            raise OverBudget(f"more than {_MOST_CONDENSED:,} bytes of short literals")

    def _pass_array(self) -> None:
        """Pass over the array that a wrapper stands for, or follow the pickle that it is."""
        self._require_no_frame("an array begins")
        self.frame_end = None
        self.walk.has_arrays = True
        span = array_span(self.machine.top())
        if span.is_pickle:
            self._follow_inner()
            return
        padding = self.data.read(1)[:1] if span.is_padded else b"\0"
        if not padding or not self.data.skip(padding[0] + span.size):
            raise NoPickle("it ends within an array")

    def _follow_inner(self) -> None:
        inner = _Follower(self.data, self.budget, as_joblib=False, is_inner=True).follow()
        self.walk.inner.append(inner)
        for imported, at in inner.imports.items():
            self.machine.imports.setdefault(imported, at)
        self.machine.oddities += inner.oddities
        self.walk.opcodes += inner.opcodes
        if inner.is_untold:
            raise NotTold(inner.is_untold)
        if inner.ends_badly:
            raise NoPickle(inner.ends_badly)

    def _require_no_frame(self, what: str) -> None:
        # joblib reads on behind the frame, wherever in it that is.
        if (self.as_joblib or self.is_inner) and self.frame_end not in (None, self.data.at):
            raise NotTold(f"{what} within a frame")

    def _require_usual_calls(self) -> None:
        for imported, times in self.machine.loose.items():
            if times and is_for_one_use(imported):
                self.machine.remark(f"it hands over {imported} instead of calling it")
        if self.walk.has_arrays and self.machine.loose[WRAPPER]:
            raise NotTold("joblib's wrapper of an array is used in an unusual way")


def follow_pickle(data: PickleBytes, budget: OpcodeBudget, *, as_joblib: bool) -> Walk:
    """Follow the pickle that begins where `data` stands, to its end. With `as_joblib`, bytes behind joblib's
    wrappers of arrays are passed over, as joblib does; any other unpickler reads them as opcodes."""
    return _Follower(data, budget, as_joblib=as_joblib).follow()
