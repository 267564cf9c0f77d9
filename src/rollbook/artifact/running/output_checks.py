"""What a model gave, held against what its signature says, told ranges, and what was expected."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall, nearest
from rollbook.records.dtypes import kind_of, word_for
from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.artifact.running.answers import Output
    from rollbook.records.signature import Column

RELATIVE, ABSOLUTE = 1e-5, 1e-8
# Where the format itself names the outputs, a signature's names are theirs.
NAMING_FORMATS = frozenset(["onnx", "tf-saved-model"])
# What `predict_proba` gave, by the name that the run gives it: each is from 0 to 1.
_PROBABILITIES = "probabilities"
_MOST_FAULTS = 20


@dataclass(frozen=True, slots=True)
class Expectations:
    """What outputs must be: those of a signature, within ranges by name (None: no bound), equal to what is
    expected by name. Numbers with a fraction are equal when |actual - expected| <= `absolute` + `relative` *
    |expected|, as NumPy's isclose has it (https://numpy.org/doc/stable/reference/generated/numpy.isclose.html);
    everything else is when it is the same."""

    outputs: Mapping[str, Column] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    expected: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    relative: float = RELATIVE
    absolute: float = ABSOLUTE


def faults(outputs: Sequence[Output], form: str, wanted: Expectations) -> list[str]:
    """Return what is wrong with outputs, each in a sentence; empty when nothing is.

    Raises BadCall for a range or an expected output of a name that there is not.
    """
    by_name = {output.name: output for output in outputs}
    for name in [*wanted.ranges, *wanted.expected]:
        if name not in by_name:
            raise BadCall(f"the model gives no output {name[:80]!r}", hint=nearest(name, [*by_name]))
    found = [
        *(fault for output in outputs for fault in _own_faults(output)),
        *_signature_faults(outputs, form, wanted.outputs),
        *(fault for name, ends in wanted.ranges.items() for fault in _out_of_range(by_name[name], *ends)),
        *(
            fault
            for name, values in wanted.expected.items()
            for fault in _differing(by_name[name], values, wanted)
        ),
    ]
    more = [f"and {len(found) - _MOST_FAULTS} more"] if len(found) > _MOST_FAULTS else []
    return [*found[:_MOST_FAULTS], *more]


def _own_faults(output: Output) -> Iterator[str]:
    if 0 in output.shape:
        yield f"{_named(output)} is empty: {_written(output.shape)}"
    strange = sum(isinstance(value, float) and not math.isfinite(value) for value in output.flat())
    if strange:
        yield f"{_named(output)}: {strange:,} of {math.prod(output.shape):,} values are no finite numbers"
    elif output.name == _PROBABILITIES:
        yield from _out_of_range(output, 0.0, 1.0)


def _signature_faults(outputs: Sequence[Output], form: str, declared: Mapping[str, Column]) -> Iterator[str]:
    """Yield what contradicts the signature.

    Where the format does not name outputs, and none has a name of the signature's, each declared output needs
    one that fits it.
    """
    by_name = {output.name: output for output in outputs}
    if form in NAMING_FORMATS or not by_name.keys().isdisjoint(declared):
        for name, column in declared.items():
            if name in by_name:
                yield from _misfit(by_name[name], column)
            elif column.required:
                yield f"the signature's output {printable(name)} is missing; there is {_listed(outputs)}"
        return
    left = list(outputs)
    for column in declared.values():
        fitting = next((output for output in left if not [*_misfit(output, column)]), None)
        if fitting is not None:
            left.remove(fitting)
        elif column.required:
            yield f"no output is the signature's {_described(column)}; there is {_listed(outputs)}"


def _misfit(output: Output, column: Column) -> Iterator[str]:
    wanted = _known_dtype(column.dtype)
    if wanted and wanted != _known_dtype(output.dtype):
        yield f"{_named(output)} is {output.dtype}; the signature says {column.dtype}"
    shape = column.shape
    if shape is None:
        return
    sizes_agree = len(shape) == len(output.shape) and all(
        size in (-1, actual) for size, actual in zip(shape, output.shape, strict=True)
    )
    if not sizes_agree:
        yield f"{_named(output)} has the shape {_written(output.shape)}; the signature says {_written(shape)}"


def _known_dtype(dtype: str) -> str:
    """Return Rollbook's word for a dtype, empty for one that is not known: nothing is said of it then."""
    word = word_for(dtype.lower())
    return word if kind_of(word) else ""


def _out_of_range(output: Output, low: float | None, high: float | None) -> Iterator[str]:
    outside = [value for value in output.flat() if not _within(value, low, high)]
    if outside:
        said = f"{'' if low is None else f'{low:g}'} to {'' if high is None else f'{high:g}'}".strip()
        yield (
            f"{_named(output)}: {len(outside):,} of {math.prod(output.shape):,} values are not in the range "
            f"{said}, e.g. {printable(str(outside[0])[:40])}"
        )


def _within(value: Any, low: float | None, high: float | None) -> bool:
    if isinstance(value, str) or (isinstance(value, float) and math.isnan(value)):
        return False
    return (low is None or value >= low) and (high is None or value <= high)


def _differing(output: Output, expected: Sequence[Any], wanted: Expectations) -> Iterator[str]:
    name = _named(output)
    shape = shape_of(expected)
    flat = [*_flattened(expected)]
    # A column may be told without the dimension of one that it has, and the other way.
    if _squeezed(shape) != _squeezed(output.shape) or len(flat) != math.prod(output.shape):
        yield f"{name} has the shape {_written(output.shape)}; {_written(shape)} was expected"
        return
    exact = not output.dtype.startswith(("float", "bfloat"))
    pairs = enumerate(zip(output.flat(), flat, strict=True))
    wrong = ((place, *pair) for place, pair in pairs if not _equal(*pair, exact, wanted))
    first = next(wrong, None)
    if first is None:
        return
    place, actual, told = first
    count = 1 + sum(1 for _ in wrong)
    where = _place(place, output.shape)
    yield (
        f"{name}: {count:,} of {len(flat):,} values are not as expected; at {where} it is "
        f"{printable(str(actual)[:40])}, and {printable(str(told)[:40])} was expected"
    )


def _equal(actual: Any, expected: Any, exact: bool, wanted: Expectations) -> bool:
    if isinstance(expected, bool) or isinstance(actual, bool | str) or isinstance(expected, str):
        return type(actual) is type(expected) and bool(actual == expected)
    if expected is None:
        return False
    if exact:
        return bool(actual == expected)
    return is_near(actual, expected, wanted.relative, wanted.absolute)


def is_near(actual: float, expected: float, relative: float, absolute: float) -> bool:
    """Whether |actual - expected| <= `absolute` + `relative` * |expected|, as NumPy's isclose has it."""
    return bool(abs(actual - expected) <= absolute + relative * abs(expected))


def shape_of(values: Any) -> tuple[int, ...]:
    """Return the shape of nested lists, by the first of each."""
    shape: list[int] = []
    while isinstance(values, list):
        shape.append(len(values))
        if not values:
            break
        values = values[0]
    return tuple(shape)


def _flattened(values: Any) -> Iterator[Any]:
    if not isinstance(values, list):
        yield values
        return
    for value in values:
        yield from _flattened(value)


def _squeezed(shape: Sequence[int]) -> list[int]:
    return [size for size in shape if size != 1]


def _place(place: int, shape: Sequence[int]) -> str:
    indices: list[int] = []
    for size in reversed(shape):
        place, index = divmod(place, size)
        indices.insert(0, index)
    return "".join(f"[{index}]" for index in indices) or "its only value"


def _named(output: Output) -> str:
    return printable(output.name)


def _written(shape: Sequence[int]) -> str:
    return f"[{', '.join(map(str, shape))}]"


def _described(column: Column) -> str:
    shape = "" if column.shape is None else f" {_written(column.shape)}"
    return f"{printable(column.name)} ({column.dtype}{shape})"


def _listed(outputs: Sequence[Output]) -> str:
    shown = [f"{_named(output)} ({output.dtype} {_written(output.shape)})" for output in islice(outputs, 8)]
    return ", ".join(shown) or "none"
