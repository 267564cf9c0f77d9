"""Rows as programs have them, turned into what a model is fed, and its outputs into what they had."""

from __future__ import annotations

from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING, Any

from rollbook.artifact.running.model_run import Rows
from rollbook.errors import BadCall
from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.artifact.running.answers import Output
    from rollbook.records.signature import Column

_EXAMPLE = 'E.g. [{"age": 41, "income": 3.2}], [[41, 3.2]], an array of NumPy\'s, or a data frame.'
_PANDAS, _POLARS = "pandas", "polars"


def given_rows(rows: Any, inputs: Mapping[str, Column] | None = None) -> Rows:
    """Return rows that are given as mappings or lists, one mapping of columns or of cells, an array of
    NumPy's, or a data frame of pandas' or Polars'; the columns as the signature's `inputs` has them.

    Raises BadCall for anything else, for none, for rows of different columns, and for columns that the
    signature names and they lack.
    """
    return _in_order(_told_rows(rows), inputs or {})


def _told_rows(rows: Any) -> Rows:
    if frame_kind(rows):
        names = tuple(str(name) for name in rows.columns)
        columns = [[_plain(cell) for cell in _cells(rows, place)] for place in range(len(names))]
        return _whole(Rows(names, [list(row) for row in zip(*columns, strict=True)]))
    if isinstance(rows, dict):
        return _of_mapping(rows)
    if is_array(rows):
        rows = rows.tolist()
    if not isinstance(rows, list | tuple) or not rows:
        raise BadCall("rows are needed", hint=_EXAMPLE)
    if all(isinstance(row, dict) for row in rows):
        names = tuple(dict.fromkeys(str(name) for row in rows for name in row))
        return _whole(Rows(names, [[row.get(name) for name in names] for row in rows]))
    if all(isinstance(row, list | tuple) for row in rows):
        return _whole(Rows(None, rows))
    raise BadCall("rows are all mappings, or all lists", hint=_EXAMPLE)


def _of_mapping(mapping: dict[Any, Any]) -> Rows:
    """Return a mapping's rows: one, or as many as each of its columns has cells."""
    names = tuple(map(str, mapping))
    columns = [value.tolist() if is_array(value) else value for value in mapping.values()]
    if not all(isinstance(column, list | tuple) for column in columns):
        return _whole(Rows(names, [columns]))
    if len({len(column) for column in columns}) != 1:
        raise BadCall("all columns need the same number of cells", hint=_EXAMPLE)
    return _whole(Rows(names, [list(row) for row in zip(*columns, strict=True)]))


def _cells(frame: Any, place: int) -> Any:
    return (frame.iloc[:, place] if frame_kind(frame) == _PANDAS else frame[:, place]).to_list()


def _plain(cell: Any) -> Any:
    """Return a cell as JSON has it: a time as text, what is missing as nothing."""
    if isinstance(cell, date):  # and a datetime, pandas' Timestamp too
        return cell.isoformat() if cell == cell else None  # NaT is not even itself
    return None if type(cell).__name__ in ("NAType", "NaTType") else cell


def _in_order(rows: Rows, inputs: Mapping[str, Column]) -> Rows:
    """Return rows with the columns that a signature names, in its order, without others."""
    if rows.names is None or not set(inputs) & set(rows.names):
        return rows  # one tensor, or the model knows them by other names: it will tell
    needed = [name for name, column in inputs.items() if column.required and name not in rows.names]
    if needed:
        given, lacking = (", ".join(map(printable, names[:8])) for names in (rows.names, needed))
        hint = f"Its signature names them; given are {given}."
        raise BadCall(f"the rows lack the columns {lacking}", hint=hint)
    places = [rows.names.index(name) for name in inputs if name in rows.names]
    names = tuple(rows.names[place] for place in places)
    return Rows(names, [[row[place] for place in places] for row in rows.cells])


def _whole(rows: Rows) -> Rows:
    widths = {len(row) for row in rows.cells}
    if len(widths) != 1 or not max(widths):
        raise BadCall("all rows need the same columns, at least one", hint=_EXAMPLE)
    return rows


def is_array(rows: Any) -> bool:
    """Whether rows are an array of NumPy's."""
    return hasattr(rows, "tolist") and hasattr(rows, "ndim")


def frame_kind(rows: Any) -> str:
    """Return whose data frame rows are, `pandas` or `polars`; empty for anything else."""
    if not (hasattr(rows, "columns") and hasattr(rows, "to_numpy")):
        return ""
    return _PANDAS if hasattr(rows, "iloc") else _POLARS


def given_outputs(outputs: Sequence[Output], rows: Any) -> Any:
    """Return outputs in the form in which the rows came: a data frame of the same library, with the rows'
    index where they have one; arrays of NumPy's by name; else nested lists by name."""
    if kind := frame_kind(rows):
        columns = dict(_columns(outputs, len(rows)))
        index = {"index": rows.index} if kind == _PANDAS else {}
        return import_module(kind).DataFrame(columns, **index)
    if not is_array(rows):
        return {output.name: output.values for output in outputs}
    return {output.name: _array(output) for output in outputs}


def _columns(outputs: Sequence[Output], count: int) -> Iterator[tuple[str, Any]]:
    """Yield outputs as the columns of a data frame: several, numbered from 0, of one with several for each
    row. Raises BadCall for an output that hasn't one for each row."""
    for output in outputs:
        if not output.shape or output.shape[0] != count:
            hint = "Give the rows as an array, for arrays by name."
            raise BadCall(
                f"the output {printable(output.name)!r} is no column: its shape is {output.shape}", hint=hint
            )
        width = output.shape[1] if len(output.shape) == 2 else 1
        array = _array(output)
        if len(output.shape) == 1:
            yield output.name, array
        elif len(output.shape) > 2:
            yield output.name, output.values
        else:
            for place in range(width):
                yield output.name if width == 1 else f"{output.name}_{place}", array[:, place]


def _array(output: Output) -> Any:
    try:
        numpy = import_module("numpy")
    except ImportError as error:
        raise BadCall("arrays need NumPy", hint="pip install numpy, or give rows as lists.") from error
    return numpy.array(output.values, dtype=_numpy_dtype(output.dtype))


def _numpy_dtype(dtype: str) -> str:
    return {"string": "object", "datetime": "object", "bfloat16": "float32"}.get(dtype, dtype)
