"""What callers of a version rely on: its signature, and what in a later one breaks it.

Who calls a model writes its inputs and reads its outputs. So an input may be demanded no longer, or take more
than before, and an output may be added; anything else is a break, which semantic versioning
(https://semver.org) announces by a new MAJOR number.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rollbook.names import precedence
from rollbook.records.signature import Column
from rollbook.schema.explanation import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_SIZED = re.compile(r"(?P<kind>u?int|float)(?P<bits>8|16|32|64|128)")
# How many bits of a whole number a float of so many bits holds exactly.
_EXACT = {16: 11, 32: 24, 64: 53, 128: 113}


class Illegible(Exception):
    """A signature that can't be compared: its text says why."""


def breaks(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return what in a signature breaks what callers of an older one rely on, in the older one's order.

    Raises Illegible when one of them is not as the schema asks, or names a column twice.
    """
    return [
        *_inputs(_columns(old, "inputs"), _columns(new, "inputs")),
        *_outputs(_columns(old, "outputs"), _columns(new, "outputs")),
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


def _columns(signature: Mapping[str, Any], side: str) -> dict[str, Column]:
    items = signature.get(side) or []
    if not isinstance(items, list):
        raise Illegible(f"its {side} are no list")
    columns: dict[str, Column] = {}
    for item in items:
        column = _column(item, side)
        if column.name in columns:
            raise Illegible(f"its {side} name {shown(column.name)} twice")
        columns[column.name] = column
    return columns


def _column(item: object, side: str) -> Column:
    if not isinstance(item, dict):
        raise Illegible(f"one of its {side} can't be read")
    name, dtype, shape = item.get("name"), item.get("dtype"), item.get("shape")
    required = item.get("required", True)
    legible = isinstance(name, str) and isinstance(dtype, str) and isinstance(required, bool)
    if not legible or not (shape is None or _is_shape(shape)):
        raise Illegible(f"one of its {side} can't be read")
    assert isinstance(name, str)
    assert isinstance(dtype, str)
    return Column(name, " ".join(dtype.lower().split()), None if shape is None else tuple(shape), required)


def _is_shape(shape: object) -> bool:
    return isinstance(shape, list) and all(type(size) is int for size in shape)


def _inputs(old: Mapping[str, Column], new: Mapping[str, Column]) -> Iterator[str]:
    for name, before in old.items():
        after = new.get(name)
        if after is None:
            yield _gone("input", before, old, new)
            continue
        if after.required and not before.required:
            yield f"input {shown(name)} is required, and was not"
        if not _takes(before.dtype, after.dtype):
            yield f"input {shown(name)} is {after.dtype}, and was {before.dtype}"
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
    old, new = _SIZED.fullmatch(before), _SIZED.fullmatch(after)
    if old is None or new is None:
        return False
    bits, room = int(old["bits"]), int(new["bits"])
    if old["kind"] == new["kind"]:
        return room >= bits
    if new["kind"] == "float":
        return _EXACT.get(room, 0) >= bits
    return old["kind"] == "uint" and new["kind"] == "int" and room > bits


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
