"""What the process of a model answered, held against the form that an answer has: nobody vouches for it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DTYPE = re.compile(r"[a-z][a-z0-9_]{0,30}")
_DEEPEST = 16
_MOST_OUTPUTS = 1000
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Output:
    """What a model gave under one name: a dtype of `records/dtypes.py`, a shape, the values as nested
    lists."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    values: Any

    def flat(self) -> Iterator[Any]:
        """Yield the values, the last dimension the fastest."""
        yield from _flat(self.values, len(self.shape))


def outputs_of(told: Any, most: int) -> tuple[Output, ...]:
    """Return outputs that are what they say. Raises ValueError for any other."""
    if not isinstance(told, list) or len(told) > _MOST_OUTPUTS:
        raise ValueError("no list of outputs")
    outputs = tuple(_output(one, most) for one in told)
    if len({output.name for output in outputs}) < len(outputs):
        raise ValueError("two outputs of one name")
    return outputs


def _output(told: Any, most: int) -> Output:
    name, dtype, shape = told["name"], told["dtype"], told["shape"]
    if not isinstance(name, str) or not name or len(name) > _LONGEST_NAME:
        raise ValueError("an output needs a name")
    if not isinstance(dtype, str) or not _DTYPE.fullmatch(dtype):
        raise ValueError("no dtype")
    if not isinstance(shape, list) or len(shape) > _DEEPEST:
        raise ValueError("no shape")
    if not all(type(size) is int and size >= 0 for size in shape) or math.prod(shape) > most:
        raise ValueError("no shape")
    _require_shape(told["values"], shape)
    output = Output(name, dtype, tuple(shape), told["values"])
    if not all(isinstance(value, _kinds(dtype)) for value in output.flat()):
        raise ValueError("a value of another type")
    return output


def _kinds(dtype: str) -> type | tuple[type, ...]:
    if dtype in ("string", "datetime", "binary"):
        return str
    return bool if dtype == "bool" else (int, float)


def _require_shape(values: Any, shape: list[int]) -> None:
    if not shape:
        return
    if not isinstance(values, list) or len(values) != shape[0]:
        raise ValueError("the values have another shape")
    for value in values:
        _require_shape(value, shape[1:])


def _flat(values: Any, depth: int) -> Iterator[Any]:
    if depth == 0:
        yield values
        return
    for value in values:
        yield from _flat(value, depth - 1)


def seconds_of(told: Any) -> float:
    """Return a duration. Raises ValueError for what is none."""
    if isinstance(told, bool) or not isinstance(told, int | float) or not 0 <= told < 1e9:
        raise ValueError("no duration")
    return float(told)


def versions_of(told: Any) -> Mapping[str, str]:
    """Return versions by the names of libraries. Raises ValueError for what is none."""
    if not isinstance(told, dict) or len(told) > _DEEPEST:
        raise ValueError("no versions")
    if not all(isinstance(text, str) and text.isprintable() for pair in told.items() for text in pair):
        raise ValueError("no versions")
    return {name[:80]: version[:80] for name, version in told.items()}
