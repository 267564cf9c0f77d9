"""The values of a column, as statistics take them: numbers, or categories. What is missing is counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_CATEGORIES = 100


class CannotTell(Exception):
    """What a column holds has no distribution to compare: its text says why."""


class NoDistribution(CannotTell):
    """A column is of a kind that no method compares, whatever its values are."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """The finite numbers of a column, sorted; and how many are missing, which NaN says too, or infinite."""

    values: NDArray[np.float64]
    missing: int
    infinite: int

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Categories:
    """The values of a column as texts, and how many are missing."""

    values: pa.Array
    missing: int
    infinite: int = 0

    def __len__(self) -> int:
        return len(self.values)


def column_of(rows: pa.Table, name: str) -> pa.ChunkedArray:
    """Return the column of a name. Raises CannotTell where there is none, or more than one."""
    found = rows.schema.get_all_field_indices(name)
    if len(found) != 1:
        raise CannotTell(f"it comes {len(found)} times" if found else "it is missing")
    return rows.column(found[0])


def column_sample(column: pa.ChunkedArray) -> Numbers | Categories:
    """Return the values of a column: numbers of any kind as numbers, texts, true and false as categories.

    Raises NoDistribution for times, lists, objects and bytes, CannotTell for a column without any value.
    """
    column = plain_column(column)
    kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _with_some(Numbers(*_finite(column)))
    if pa.types.is_boolean(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        texts = column.cast(pa.large_string()).combine_chunks().drop_null()
        return _with_some(Categories(texts, len(column) - len(texts)))
    if pa.types.is_null(kind):
        raise CannotTell("it has no value")
    raise NoDistribution(f"it holds {str(kind)[:40]}, no numbers or categories")


def plain_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column with the values that a dictionary of Arrow's, or a text in a view, stands for."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return plain_column(column.cast(kind.value_type))
    return column.cast(pa.large_string()) if str(kind) == "string_view" else column


def category_counts(
    reference: Categories, live: Categories
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how often both samples have each category: the MOST_CATEGORIES that the reference has most
    often, and at last all others as one."""
    names = usual_categories(reference)
    return _counted(reference.values, names), _counted(live.values, names)


def usual_categories(reference: Categories, most: int = MOST_CATEGORIES) -> pa.Array:
    """Return the categories that a sample has most often, by their names where they are equally often."""
    found = pc.value_counts(reference.values)
    table = pa.table({"value": found.field("values"), "count": found.field("counts")})
    ordered = table.sort_by([("count", "descending"), ("value", "ascending")])
    return ordered.column("value").slice(0, most).combine_chunks()


def _counted(values: pa.Array, names: pa.Array) -> NDArray[np.float64]:
    places = pc.fill_null(pc.index_in(values, value_set=names), len(names))
    return np.bincount(places.to_numpy(zero_copy_only=False), minlength=len(names) + 1).astype(np.float64)


def _finite(column: pa.ChunkedArray) -> tuple[NDArray[np.float64], int, int]:
    numbers = column.cast(pa.float64(), safe=False).to_numpy()
    finite = numbers[np.isfinite(numbers)]
    finite.sort()
    missing = int(np.isnan(numbers).sum()) if len(finite) < len(numbers) else 0
    return finite, missing, len(numbers) - len(finite) - missing


def _with_some(sample: Numbers | Categories) -> Numbers | Categories:
    if not len(sample):
        raise CannotTell("it has no value")
    return sample
