"""How many bytes of an array stand in a joblib file, in the middle of its pickle.

`joblib/numpy_pickle.py`, `NumpyArrayWrapper.read_array`: behind the opcode that sets the wrapper's attributes
come a byte that counts padding, the padding, and the array; an array of objects is a pickle of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rollbook.artifact.scan.pickled_values import Imported, Made

WRAPPER = Imported("joblib.numpy_pickle", "NumpyArrayWrapper")
_DTYPE = Imported("numpy", "dtype")
_CODE = re.compile(r"[<>|=]?([?biufcmMSUVOa])([0-9]{0,10})")
_SIZED = frozenset("SUV")  # their size stands in the state too
_HOLDS_OBJECTS = 1  # NPY_ITEM_REFCOUNT
_STATE = 8  # of the parts of a dtype's state that are looked at


class NotTold(Exception):
    """How far an array reaches can't be told. The text says why."""


@dataclass(frozen=True, slots=True)
class ArraySpan:
    """An array in a joblib file: its bytes, whether a count of padding stands before it, or that it is a
    pickle instead."""

    size: int
    is_padded: bool
    is_pickle: bool


def is_wrapper(value: object) -> bool:
    """Whether a value on the stack is joblib's wrapper of an array."""
    return isinstance(value, Made) and value.of == WRAPPER


def array_span(wrapper: object) -> ArraySpan:
    """Return where the array of a wrapper ends. Raises NotTold for what joblib does not write."""
    if not isinstance(wrapper, Made) or wrapper.of != WRAPPER or wrapper.arguments != ():
        raise NotTold("joblib's wrapper of an array is made in an unusual way")
    state = wrapper.state
    shape = state.get("shape")
    if not isinstance(shape, tuple):
        raise NotTold("an array's shape is not written out")
    count = 1
    for length in shape:
        if type(length) is not int or length < 0:
            raise NotTold("an array's shape is not written out")
        count *= length
    if count >= 1 << 62:
        raise NotTold("an array's shape has more elements than there can be")
    alignment = state.get("numpy_array_alignment_bytes")
    if alignment is not None and type(alignment) is not int:
        raise NotTold("an array's alignment is not written out")
    size, has_objects = _item(state.get("dtype"), 0)
    return ArraySpan(count * size, alignment is not None, has_objects)


def _item(dtype: object, depth: int) -> tuple[int, bool]:
    """Return the bytes of an element, and whether it holds objects."""
    if not isinstance(dtype, Made) or dtype.of != _DTYPE or depth > 8:
        raise NotTold("an array's type is not written out")
    arguments, state = dtype.arguments, dtype.whole_state
    code = arguments[0] if isinstance(arguments, tuple) and arguments else None
    match = _CODE.fullmatch(code) if isinstance(code, str) else None
    if match is None or not (isinstance(state, tuple) and len(state) >= _STATE):
        raise NotTold("an array's type is not written out")
    kind, digits = match.groups()
    size = int(digits or "1") * (4 if kind == "U" else 1)
    layout, _, subarray, _, fields, stated, _, flags, *_ = state
    if layout not in (3, 4) or type(flags) is not int:
        raise NotTold("an array's type is an unusual one")
    if kind in _SIZED and stated != size:
        raise NotTold("an array's type contradicts itself")
    if kind not in _SIZED and stated != -1:
        raise NotTold("an array's type contradicts itself")
    if subarray is not None or (kind not in _SIZED and not digits):
        raise NotTold("an array's type is an unusual one")
    has_objects = kind == "O" or _has_objects(fields, depth)
    if has_objects != bool(flags & _HOLDS_OBJECTS):  # the flag is what joblib goes by
        raise NotTold("an array's type contradicts itself")
    return size, has_objects


def _has_objects(fields: object, depth: int) -> bool:
    if fields is None:
        return False
    if not isinstance(fields, dict) or len(fields) >= 64:
        raise NotTold("an array's type is not written out")
    has_objects = False
    for value in fields.values():
        if not isinstance(value, tuple) or not value:
            raise NotTold("an array's type is not written out")
        has_objects = _item(value[0], depth + 1)[1] or has_objects
    return has_objects
