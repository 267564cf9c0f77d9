"""What callers of a version rely on: its signature, and what in a later one breaks it.

Who calls a model writes its inputs and reads its outputs. So an input may be demanded no longer, or take more
than before, and an output may be added; anything else is a break, which semantic versioning
(https://semver.org) announces by a new MAJOR number. Types are compared by their words in the vocabulary:
`double` is `float64`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rollbook.names import precedence
from rollbook.records.signature import columns
from rollbook.schema.explanation import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rollbook.records.signature import Column

_WHOLE = re.compile(r"(?P<kind>u?int)(?P<bits>4|8|16|32|64)")
# Of each float, the bits that it holds exactly, and the largest exponent: IEEE 754-2019, table 3.5, and of 8
# bits https://arxiv.org/abs/2209.05433.
_FLOATS = {
    "float8_e5m2": (3, 16),
    "float8_e4m3fn": (4, 9),
    "float16": (11, 16),
    "bfloat16": (8, 128),
    "float32": (24, 128),
    "float64": (53, 1024),
    "float128": (113, 16384),
}


def breaks(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return what in a signature breaks what callers of an older one rely on, in the older one's order.

    Raises Illegible when one of them is not as the schema asks, or names a column twice.
    """
    return [
        *_inputs(columns(old, "inputs"), columns(new, "inputs")),
        *_outputs(columns(old, "outputs"), columns(new, "outputs")),
    ]


def told_breaks(version: str, found: Sequence[str], most: int) -> str:
    """Return the sentence on what breaks callers of a version: the first `most`, and how many more."""
    more = f"; and {len(found) - most} more" if len(found) > most else ""
    return f"breaks callers of {version}: {'; '.join(found[:most])}{more}"


def is_told(signature: object) -> bool:
    """Whether a manifest's `signature` says anything."""
    return isinstance(signature, dict) and any(signature.get(side) for side in ("inputs", "outputs"))


def major(version: str) -> int:
    return precedence(version)[0]


def lower_releases(version: str, others: Iterable[str]) -> list[str]:
    """Return the releases below a version, the newest first. A pre-release promises its callers nothing."""
    lower = [other for other in others if "-" not in other and precedence(other) < precedence(version)]
    return sorted(lower, key=precedence, reverse=True)


def _inputs(old: Mapping[str, Column], new: Mapping[str, Column]) -> Iterator[str]:
    for name, before in old.items():
        after = new.get(name)
        if after is None:
            yield _gone("input", before, old, new)
            continue
        if after.required and not before.required:
            yield f"input {shown(name)} is required, and was not"
        if not _takes(before.dtype, after.dtype):
            yield f"input {shown(name)} is {_narrowed(before.dtype, after.dtype)}, and was {before.dtype}"
        if not _takes_shape(before.shape, after.shape):
            yield _reshaped("input", before, after)
    for name, added in new.items():
        if name not in old and added.required:
            yield f"input {shown(name)} is new and required"


def _outputs(old: Mapping[str, Column], new: Mapping[str, Column]) -> Iterator[str]:
    for name, before in old.items():
        after = new.get(name)
        if after is None:
            yield _gone("output", before, old, new)
            continue
        if after.dtype != before.dtype:
            yield f"output {shown(name)} is {after.dtype}, and was {before.dtype}"
        if before.shape not in (None, after.shape):
            yield _reshaped("output", before, after)


def _gone(side: str, column: Column, old: Mapping[str, Column], new: Mapping[str, Column]) -> str:
    """Say that a column is gone; and which stands in its place, where a new one of its kind does."""
    place = [*old].index(column.name)
    other = [*new.values()][place] if place < len(new) else None
    alike = other and other.name not in old and (other.dtype, other.shape) == (column.dtype, column.shape)
    return f"{side} {shown(column.name)} is gone" + (
        f", perhaps renamed to {shown(other.name)}" if other and alike else ""
    )


def _takes(before: str, after: str) -> bool:
    """Whether an input of one type takes every value of another, unchanged."""
    if before == after:
        return True
    old, new = _WHOLE.fullmatch(before), _WHOLE.fullmatch(after)
    if old and new:
        room = int(new["bits"]) - int(old["bits"])
        return room >= 0 if old["kind"] == new["kind"] else old["kind"] == "uint" and room > 0
    if after not in _FLOATS:
        return False
    exact, largest = _FLOATS[after]
    if old:
        return exact >= int(old["bits"])
    return before in _FLOATS and exact >= _FLOATS[before][0] and largest >= _FLOATS[before][1]


def _narrowed(before: str, after: str) -> str:
    """Return the type that an input has now, and that it is narrower where it takes only some values."""
    return f"narrowed to {after}" if _takes(after, before) else after


def _takes_shape(before: Sequence[int] | None, after: Sequence[int] | None) -> bool:
    if after is None or before == after:
        return True
    if before is None or len(before) != len(after):
        return False
    return all(size in (-1, was) for was, size in zip(before, after, strict=True))


def _reshaped(side: str, before: Column, after: Column) -> str:
    return f"{side} {shown(after.name)} has the shape {_written(after)}, and had {_written(before)}"


def _written(column: Column) -> str:
    return "any" if column.shape is None else str([*column.shape])
