"""Answers as tables that data frames take: named columns of one type each, in Arrow's form.

https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from rollbook.insight.query.views import Type

    Kind = Type | Literal["texts", ""]


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """A column of a table: its name, the type of its values as the views of queries name it, `texts` for
    lists of texts, empty where the values tell, and the values."""

    name: str
    kind: Kind
    values: Sequence[Any]


class Tabular:
    """What is a table too: each library of data frames takes it as it is, `polars.DataFrame(it)`,
    `pandas.DataFrame.from_arrow(it)`, or DuckDB by its name."""

    __slots__ = ()

    def table_columns(self) -> Sequence[TypedColumn]:
        """Return the columns of the table."""
        raise NotImplementedError

    def to_arrow(self) -> Any:
        """Return the table as a pyarrow.Table. Raises BadCall without pyarrow, and for two columns of one
        name."""
        arrow = library("pyarrow", 'pip install "rollbook[parquet]"')
        columns = self.table_columns()
        names = [column.name for column in columns]
        if len(set(names)) < len(names):
            raise BadCall("two columns have the same name", hint="Name them apart: SELECT a.name AS other")
        return arrow.table({column.name: _array(arrow, column) for column in columns})

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame: times in UTC, numbers as numbers. Raises BadCall without pandas or
        pyarrow.

        >>> registry.history("churn").to_pandas().groupby("action").size()
        """
        library("pandas", 'pip install "rollbook[pandas,parquet]"')
        return self.to_arrow().to_pandas()

    def to_polars(self) -> Any:
        """Return a Polars DataFrame. Raises BadCall without Polars or pyarrow."""
        polars = library("polars", 'pip install polars "rollbook[parquet]"')
        return polars.from_arrow(self.to_arrow())

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.to_arrow().__arrow_c_stream__(requested_schema)


def library(name: str, command: str) -> Any:
    """Import a library that is an extra. Raises BadCall with the command that installs it."""
    try:
        return import_module(name)
    except ImportError as error:
        raise BadCall(f"{name} is not installed", hint=command) from error


def kind_of(name: str) -> Kind:
    """Return the type that every view gives a column of that name; empty where they give none, or several."""
    from rollbook.insight.query.views import VIEWS

    kinds = {column.type for view in VIEWS for column in view.columns if column.name == name}
    return kinds.pop() if len(kinds) == 1 else ""


def arrow_type(arrow: Any, kind: Kind) -> Any:
    """Return Arrow's type for one of the views'."""
    return {
        "text": arrow.string(),
        "texts": arrow.list_(arrow.string()),
        "integer": arrow.int64(),
        "real": arrow.float64(),
        "flag": arrow.bool_(),
        "time": arrow.timestamp("us", tz="UTC"),
    }[kind]


def typed_array(arrow: Any, kind: Kind, values: Sequence[Any]) -> Any:
    """Return values as an array of that type. Raises ValueError or TypeError for those of another."""
    cells: list[Any] = list(values)
    if kind == "time":
        cells = [value if value is None else _moment(value) for value in values]
    elif kind == "flag":
        if not {*values} <= {0, 1, None}:
            raise ValueError("no flags")
        cells = [None if value is None else bool(value) for value in values]
    return arrow.array(cells, type=arrow_type(arrow, kind))


def _moment(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def _array(arrow: Any, column: TypedColumn) -> Any:
    """Return a column's values by its type; by their own where they are none of it, or it has none; as text
    where they have several."""
    values = [*column.values]
    if column.kind:
        with suppress(ValueError, TypeError, OverflowError):  # a query may call anything by any name
            return typed_array(arrow, column.kind, values)
    with suppress(ValueError, TypeError, OverflowError):
        return arrow.array(values)
    return arrow.array([None if value is None else str(value) for value in values])
