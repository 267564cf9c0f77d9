"""What is wrong with a column of live rows: its type, what is missing, out of range, or new."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rollbook.integrations.monitor.drift.column_samples import (
    Categories,
    Numbers,
    plain_column,
    usual_categories,
)
from rollbook.records.dtypes import arrow_word, kind_of
from rollbook.schema.explanation import shown

if TYPE_CHECKING:
    from rollbook.records.signature import Column

MOST_DISTINCT = 1000  # categories; what has more is free text, in which new ones say nothing
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a column: of which kind, for which part of the live rows, and in words."""

    kind: str
    column: str
    share: float
    text: str


def type_fault(
    name: str, column: pa.ChunkedArray, told: Column | None, then: pa.DataType | None
) -> Fault | None:
    """Return that a column holds values of another kind than the signature says, or where that says nothing
    than the reference has; None where it is right, has no value, or nothing says what is right.

    Whole numbers are right where numbers are asked, numbers that are whole where whole ones are, and texts
    where times are.
    """
    column = plain_column(column)
    expected = (kind_of(told.dtype) if told else "") or ("" if then is None else _kind(then))
    found = _kind(column.type)
    right = {expected, "integer" if expected == "float" else "", "string" if expected == "datetime" else ""}
    if not expected or not found or found in right or column.null_count == len(column):
        return None
    if expected == "integer" and found == "float" and _are_whole(column):
        return None
    return Fault("schema", name, 1.0, f"{shown(name)} holds {found} values; {expected} is asked")


def null_fault(name: str, then: float, now: float) -> Fault:
    """Return how much more of a column is missing than in the reference, as parts of its rows."""
    text = f"{shown(name)}: {now:.2%} are missing, {then:.2%} in the reference"
    return Fault("nulls", name, max(now - then, 0.0), text)


def range_fault(name: str, reference: Numbers, live: Numbers, reach: float) -> Fault:
    """Return which part of a column's numbers is out of the reference's range. Infinite ones always are."""
    least, most = float(reference.values[0]), float(reference.values[-1])
    with np.errstate(over="ignore"):
        beyond = reach * (most - least)
        low, high = least - beyond, most + beyond
    below = int(np.searchsorted(live.values, low, side="left"))
    above = len(live) - int(np.searchsorted(live.values, high, side="right"))
    count, total = below + above + live.infinite, len(live) + live.infinite
    text = f"{shown(name)}: {count:,} of {total:,} values are out of {low:g} to {high:g}"
    if len(live):
        text += f"; the least is {live.values[0]:g}, the greatest {live.values[-1]:g}"
    return Fault("ranges", name, count / total if total else 0.0, text)


def category_fault(name: str, reference: Categories, live: Categories) -> Fault | None:
    """Return which part of a column's texts is new; None where the reference has so many that they are no
    categories."""
    known = pc.unique(reference.values)
    if len(known) > MOST_DISTINCT:
        return None
    new = live.values.filter(pc.invert(pc.is_in(live.values, value_set=known)))
    text = f"{shown(name)}: {len(new):,} of {len(live):,} values are new"
    if len(new):
        named = usual_categories(Categories(new, 0), _MOST_NAMED).to_pylist()
        text += f", such as {', '.join(shown(value) for value in named)}"
    return Fault("categories", name, len(new) / len(live) if len(live) else 0.0, text)


def _kind(kind: pa.DataType) -> str:
    if pa.types.is_decimal(kind):
        return "float"
    return kind_of(arrow_word(str(getattr(kind, "value_type", kind))))


def _are_whole(column: pa.ChunkedArray) -> bool:
    numbers = column.cast(pa.float64()).to_numpy()
    finite = numbers[np.isfinite(numbers)]
    return bool((finite == np.floor(finite)).all())
