"""What an unpickler would hold on its stack, told from the opcodes: names, texts, numbers, and calls that are
not made. What can't matter is `OTHER`.

https://docs.python.org/3/library/pickletools.html has the opcodes, and `Lib/pickle.py` what each does.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.artifact.scan.allowed_globals import misuse
from rollbook.artifact.scan.pickle_bytes import NoPickle
from rollbook.artifact.scan.pickled_values import OTHER, Imported, Made

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MARK = object()
_MOST_KEPT = 64  # of a tuple or a dictionary
_HIGHEST_PROTOCOL = 5


@dataclass(frozen=True, slots=True)
class Oddity:
    """What no program that writes models does, and where."""

    at: int
    text: str


class StackMachine:
    """Follows one pickle. `imports` has each global with where it is first imported; `oddities` what only
    someone who writes pickles by hand does."""

    def __init__(self) -> None:
        self.stack: list[object] = []
        self.memo: dict[int, object] = {}
        self.imports: dict[Imported, int] = {}
        self.oddities: list[Oddity] = []
        self.texts: dict[str, str] = {}
        self.protocol = 0
        self.at = 0
        self.persistent = self.calls = 0
        # How often a global was pushed, less how often it was called.
        self.loose: Counter[Imported] = Counter()

    def do(self, name: str, argument: object, at: int, *, is_cut: bool) -> None:
        """Do what the opcode does to the stack. `is_cut` says that its argument is not told. Raises NoPickle
        where an unpickler fails."""
        self.at = at
        if name in _PUSHED:
            self.stack.append(OTHER if is_cut else argument)
            return
        action = _ACTIONS.get(name)
        if action is None:
            raise NoPickle(f"the opcode {name} is not known")
        action(self, argument)

    def pop(self) -> object:
        """Take what is on top. Raises NoPickle where nothing is."""
        if not self.stack or self.stack[-1] is _MARK:
            raise NoPickle("an opcode takes more than is there")
        return self.stack.pop()

    def pop_to_mark(self) -> list[object]:
        """Take what stands above the last mark, and the mark."""
        taken: list[object] = []
        while self.stack:
            value = self.stack.pop()
            if value is _MARK:
                return taken[::-1]
            taken.append(value)
        raise NoPickle("an opcode asks for a mark, and there is none")

    def top(self) -> object:
        if not self.stack or self.stack[-1] is _MARK:
            raise NoPickle("an opcode takes more than is there")
        return self.stack[-1]

    def remark(self, text: str) -> None:
        if len(self.oddities) < 100:
            self.oddities.append(Oddity(self.at, text))

    def import_global(self, module: object, name: object) -> Imported:
        """Note a global. A name that isn't told, or is no text, is noted as `?`, which no list has."""
        imported = Imported(
            module if isinstance(module, str) else "?", name if isinstance(name, str) else "?"
        )
        self.imports.setdefault(imported, self.at)
        self.loose[imported] += 1
        return imported

    def call(self, function: object, arguments: object) -> None:
        """Put on the stack what a call returns."""
        self.calls += 1
        if not isinstance(function, Imported):
            self.remark("it calls what it does not import by name")
        else:
            self.loose[function] -= 1
            if wrong := misuse(function, arguments):
                self.remark(wrong)
        self.stack.append(Made(function, arguments))

    def push_again(self, value: object) -> None:
        """Put on the stack what was there before."""
        if isinstance(value, Imported):
            self.loose[value] += 1
        self.stack.append(value)

    def change(self, target: object, how: str) -> None:
        """Note that what is on the stack is changed."""
        if isinstance(target, Imported):
            self.remark(f"it {how} {target}, which it imports")


def _pop_mark(machine: StackMachine, _: object) -> None:
    machine.pop_to_mark()


def _pop(machine: StackMachine, _: object) -> None:
    if not machine.stack:
        raise NoPickle("an opcode takes more than is there")
    machine.stack.pop()  # a mark, where one is on top


def _tuple(machine: StackMachine, _: object) -> None:
    values = machine.pop_to_mark()
    machine.stack.append(tuple(values) if len(values) <= _MOST_KEPT else OTHER)


def _tuple_of(count: int) -> Callable[[StackMachine, object], None]:
    def action(machine: StackMachine, _: object) -> None:
        machine.stack.append(tuple([machine.pop() for _ in range(count)][::-1]))

    return action


def _push(make: Callable[[], object]) -> Callable[[StackMachine, object], None]:
    def action(machine: StackMachine, _: object) -> None:
        machine.stack.append(make())

    return action


def _collect(machine: StackMachine, _: object) -> None:
    machine.pop_to_mark()
    machine.stack.append(OTHER)


def _dict(machine: StackMachine, _: object) -> None:
    values = machine.pop_to_mark()
    made: dict[str, object] = {}
    _keep(machine, made, values)
    machine.stack.append(made)


def _append(machine: StackMachine, _: object) -> None:
    machine.pop()
    machine.change(machine.top(), "adds to")


def _appends(machine: StackMachine, _: object) -> None:
    machine.pop_to_mark()
    machine.change(machine.top(), "adds to")


def _set_item(machine: StackMachine, _: object) -> None:
    value, key = machine.pop(), machine.pop()
    _keep(machine, machine.top(), [key, value])


def _set_items(machine: StackMachine, _: object) -> None:
    values = machine.pop_to_mark()
    _keep(machine, machine.top(), values)


def _keep(machine: StackMachine, target: object, values: list[object]) -> None:
    machine.change(target, "sets an item of")
    if len(values) % 2:
        raise NoPickle("a key has no value")
    for key, value in zip(values[::2], values[1::2], strict=True):
        if isinstance(key, str) and isinstance(value, str) and key.endswith("_version"):
            machine.texts.setdefault(key, value)
        if isinstance(target, dict) and isinstance(key, str) and (key in target or len(target) < _MOST_KEPT):
            target[key] = value


def _global(machine: StackMachine, argument: object) -> None:
    module, _, name = str(argument).partition(" ")
    machine.stack.append(machine.import_global(module, name))


def _stack_global(machine: StackMachine, _: object) -> None:
    name, module = machine.pop(), machine.pop()
    machine.stack.append(machine.import_global(module, name))


def _extension(machine: StackMachine, argument: object) -> None:
    machine.stack.append(machine.import_global("copyreg", f"extension-{argument}"))


def _inst(machine: StackMachine, argument: object) -> None:
    arguments = machine.pop_to_mark()
    module, _, name = str(argument).partition(" ")
    machine.call(machine.import_global(module, name), tuple(arguments[:_MOST_KEPT]))


def _obj(machine: StackMachine, _: object) -> None:
    arguments = machine.pop_to_mark()
    if not arguments:
        raise NoPickle("an opcode takes more than is there")
    machine.call(arguments[0], tuple(arguments[1 : 1 + _MOST_KEPT]))


def _reduce(machine: StackMachine, _: object) -> None:
    arguments, function = machine.pop(), machine.pop()
    machine.call(function, arguments)


def _new_object_with_names(machine: StackMachine, _: object) -> None:
    machine.pop()
    arguments, kind = machine.pop(), machine.pop()
    machine.call(kind, arguments)


def _build(machine: StackMachine, _: object) -> None:
    state, target = machine.pop(), machine.top()
    machine.change(target, "sets attributes of")
    if not isinstance(target, Made):
        return
    target.whole_state = state
    for part in state if isinstance(state, tuple) and len(state) == 2 else (state,):
        if isinstance(part, dict):
            target.state.update(part)


def _put(machine: StackMachine, argument: object) -> None:
    if not isinstance(argument, int) or argument < 0:
        raise NoPickle("a place in the memo that is none")
    machine.memo[argument] = machine.top()


def _memoize(machine: StackMachine, _: object) -> None:
    machine.memo[len(machine.memo)] = machine.top()


def _get(machine: StackMachine, argument: object) -> None:
    if not isinstance(argument, int) or argument not in machine.memo:
        raise NoPickle(f"nothing is at place {argument} of the memo")
    machine.push_again(machine.memo[argument])


def _protocol(machine: StackMachine, argument: object) -> None:
    if not isinstance(argument, int) or argument > _HIGHEST_PROTOCOL:
        raise NoPickle(f"there is no protocol {argument}")
    machine.protocol = argument


def _persistent(machine: StackMachine, _: object) -> None:
    machine.persistent += 1
    machine.stack.append(OTHER)


def _persistent_from_stack(machine: StackMachine, _: object) -> None:
    machine.pop()
    _persistent(machine, None)


def _nothing(_machine: StackMachine, _: object) -> None:
    """Do nothing to the stack, as FRAME and STOP do."""


def _duplicate(machine: StackMachine, _: object) -> None:
    machine.push_again(machine.top())


def _stop(machine: StackMachine, _: object) -> None:
    machine.pop()


# What pushes its argument.
_PUSHED = frozenset(
    [
        *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
        *("STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
        *("UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
    ]
)
_ACTIONS: Mapping[str, Callable[[StackMachine, object], None]] = {
    "NONE": _push(lambda: None),
    "NEWTRUE": _push(lambda: True),
    "NEWFALSE": _push(lambda: False),
    "MARK": _push(lambda: _MARK),
    "EMPTY_TUPLE": _push(tuple),
    "EMPTY_DICT": _push(dict),
    "EMPTY_LIST": _push(lambda: OTHER),
    "EMPTY_SET": _push(lambda: OTHER),
    "NEXT_BUFFER": _push(lambda: OTHER),
    "TUPLE": _tuple,
    "TUPLE1": _tuple_of(1),
    "TUPLE2": _tuple_of(2),
    "TUPLE3": _tuple_of(3),
    "LIST": _collect,
    "FROZENSET": _collect,
    "DICT": _dict,
    "APPEND": _append,
    "APPENDS": _appends,
    "ADDITEMS": _appends,
    "SETITEM": _set_item,
    "SETITEMS": _set_items,
    "POP": _pop,
    "POP_MARK": _pop_mark,
    "DUP": _duplicate,
    "GLOBAL": _global,
    "STACK_GLOBAL": _stack_global,
    "EXT1": _extension,
    "EXT2": _extension,
    "EXT4": _extension,
    "INST": _inst,
    "OBJ": _obj,
    "REDUCE": _reduce,
    "NEWOBJ": _reduce,
    "NEWOBJ_EX": _new_object_with_names,
    "BUILD": _build,
    "PUT": _put,
    "BINPUT": _put,
    "LONG_BINPUT": _put,
    "MEMOIZE": _memoize,
    "GET": _get,
    "BINGET": _get,
    "LONG_BINGET": _get,
    "PERSID": _persistent,
    "BINPERSID": _persistent_from_stack,
    "PROTO": _protocol,
    "FRAME": _nothing,
    "READONLY_BUFFER": _nothing,
    "STOP": _stop,
}
