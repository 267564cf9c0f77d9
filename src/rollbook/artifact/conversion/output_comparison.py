"""What a model gave before it was converted, held against what it gives now."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from rollbook.artifact.running.output_checks import is_near
from rollbook.errors import Refused
from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.artifact.running.answers import Output

TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True)
class ComparedOutput:
    """One output before and its counterpart after, by their names; how many of its values there are, and how
    many of them are within the tolerance, or for labels the same. The differences are the largest, absolute
    and as a part of what was before; None for labels."""

    before: str
    after: str
    values: int
    agreeing: int
    absolute: float | None
    relative: float | None

    @property
    def passed(self) -> bool:
        """Whether all values agree."""
        return self.agreeing == self.values

    def __str__(self) -> str:
        names = self.before if self.before == self.after else f"{self.before} and {self.after}"
        if self.absolute is None:
            return f"{names}: {self.agreeing:,} of {self.values:,} labels are equal"
        near = f"{names}: {self.agreeing:,} of {self.values:,} numbers are within the tolerance"
        return f"{near}; they differ by at most {self.absolute:.3g} ({self.relative:.3g} of the value)"


@dataclass(frozen=True, slots=True)
class OutputComparison:
    """All outputs that there were, compared; and the names of those that are new, which nothing is held
    against."""

    outputs: tuple[ComparedOutput, ...]
    new: tuple[str, ...]
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether all values of all outputs agree."""
        return all(output.passed for output in self.outputs)

    def metrics(self) -> dict[str, float]:
        """Return the figures of all outputs together, those that are finite."""
        numbers = [output for output in self.outputs if output.absolute is not None]
        labels = [output for output in self.outputs if output.absolute is None]
        figures = {
            "compared_values": float(sum(output.values for output in self.outputs)),
            "tolerance": self.tolerance,
        }
        if numbers:
            figures["max_absolute_difference"] = max(output.absolute or 0.0 for output in numbers)
            figures["max_relative_difference"] = max(output.relative or 0.0 for output in numbers)
        if labels:
            equal, values = sum(one.agreeing for one in labels), sum(one.values for one in labels)
            figures["equal_labels"] = equal / values if values else 1.0
        return {name: value for name, value in figures.items() if math.isfinite(value)}


def compare_outputs(
    before: Sequence[Output],
    after: Sequence[Output],
    tolerance: float = TOLERANCE,
    counterparts: Mapping[str, str] = MappingProxyType({}),
) -> OutputComparison:
    """Compare what came out. Numbers agree when |after - before| <= tolerance + tolerance * |before|, as
    NumPy's isclose has it (https://numpy.org/doc/stable/reference/generated/numpy.isclose.html) with one
    number for `rtol` and `atol`; labels when they are equal, whatever their type.

    Outputs are what `counterparts` tells of them by name; else counterparts by their names where these are
    the same; else by their places where the shapes there agree, up to dimensions of one; else by kind and
    shape: numbers with a fraction, or labels. The probability of one class stands for those of two. Raises
    Refused for an output without a counterpart.
    """
    pairs = _pairs(before, after, counterparts)
    taken = {id(new) for _, new, _ in pairs}
    return OutputComparison(
        tuple(_compared(old, new, values, tolerance) for old, new, values in pairs),
        tuple(printable(one.name) for one in after if id(one) not in taken),
        tolerance,
    )


def _pairs(
    before: Sequence[Output], after: Sequence[Output], counterparts: Mapping[str, str]
) -> list[tuple[Output, Output, Sequence[Any]]]:
    """Return each output before, its counterpart, and the values of that to compare."""
    by_name = {one.name: one for one in after}
    told = {one.name: counterparts[one.name] for one in before if one.name in counterparts}
    if not told and all(one.name in by_name and _same_shape(one, by_name[one.name]) for one in before):
        return [(one, by_name[one.name], [*by_name[one.name].flat()]) for one in before]
    if not told and len(before) == len(after) and all(map(_same_shape, before, after)):
        return [(old, new, [*new.flat()]) for old, new in zip(before, after, strict=True)]
    left, pairs = list(after), []
    for old in before:
        eligible = [one for one in left if told.get(old.name, one.name) == one.name]
        is_told = old.name in told
        fitting = next(((new, values) for new in eligible for values in _fitting(old, new, is_told)), None)
        if fitting is None:
            names = ", ".join(f"{printable(one.name)} {[*one.shape]}" for one in after)
            message = (
                f"no output is the counterpart of {printable(old.name)} {[*old.shape]}; there is {names}"
            )
            raise Refused(message, hint="Nothing was proposed: the two can't be compared.")
        left.remove(fitting[0])
        pairs.append((old, *fitting))
    return pairs


def _same_shape(one: Output, other: Output) -> bool:
    return [size for size in one.shape if size != 1] == [size for size in other.shape if size != 1]


def _fitting(old: Output, new: Output, is_told: bool) -> Iterator[Sequence[Any]]:
    """Yield the values of an output that may be the counterpart of another, or is told to be it."""
    if not is_told and _has_fractions(old) != _has_fractions(new):
        return
    if _same_shape(old, new):
        yield [*new.flat()]
    elif len(old.shape) == 1 and new.shape == (*old.shape, 2):
        yield [row[1] for row in new.values]


def _has_fractions(output: Output) -> bool:
    return output.dtype.startswith(("float", "bfloat"))


def _compared(old: Output, new: Output, values: Sequence[Any], tolerance: float) -> ComparedOutput:
    names = printable(old.name), printable(new.name)
    pairs = list(zip(old.flat(), values, strict=True))
    if not _has_fractions(old) or not _has_fractions(new):
        equal = sum(_is_same_label(one, other) for one, other in pairs)
        return ComparedOutput(*names, len(pairs), equal, None, None)
    different = [(one, other) for one, other in pairs if not _is_same_number(one, other)]
    near = sum(is_near(other, one, tolerance, tolerance) for one, other in different if _finite(one, other))
    absolute = [abs(one - other) if _finite(one, other) else math.inf for one, other in different]
    relative = [
        distance / abs(one) if one and _finite(one) else math.inf
        for (one, _), distance in zip(different, absolute, strict=True)
    ]
    return ComparedOutput(
        *names,
        len(pairs),
        len(pairs) - len(different) + near,
        max(absolute, default=0.0),
        max(relative, default=0.0),
    )


def _is_same_label(one: Any, other: Any) -> bool:
    """Whether two labels are equal; 1.0 and 1 are, and "1"."""
    if isinstance(one, str) or isinstance(other, str):
        return str(one) == str(other)
    return bool(one == other)


def _is_same_number(one: float, other: float) -> bool:
    return one == other or (one != one and other != other)  # also neither is a number


def _finite(*numbers: float) -> bool:
    return all(map(math.isfinite, numbers))
