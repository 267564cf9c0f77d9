"""Rows as programs have them, turned into what a model is fed, and its outputs into what they had."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rollbook.artifact.running.model_run import Rows
from rollbook.errors import BadCall

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.artifact.running.answers import Output

_EXAMPLE = 'E.g. [{"age": 41, "income": 3.2}], [[41, 3.2]], an array of NumPy\'s, or a data frame.'


def given_rows(rows: Any) -> Rows:
    """Return rows that are given as mappings or lists, an array of NumPy's, or a data frame of pandas'.

    Raises BadCall for anything else, for none, and for rows of different columns.
    """
    if hasattr(rows, "columns") and hasattr(rows, "to_numpy"):
        names = tuple(str(name) for name in rows.columns)
        return _whole(Rows(names, rows.to_numpy().tolist()))
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


def _whole(rows: Rows) -> Rows:
    widths = {len(row) for row in rows.cells}
    if len(widths) != 1 or not max(widths):
        raise BadCall("all rows need the same columns, at least one", hint=_EXAMPLE)
    return rows


def is_array(rows: Any) -> bool:
    """Whether rows are an array of NumPy's."""
    return hasattr(rows, "tolist") and hasattr(rows, "ndim")


def given_outputs(outputs: Sequence[Output], *, as_arrays: bool) -> Mapping[str, Any]:
    """Return outputs by name, as nested lists or as arrays of NumPy's."""
    if not as_arrays:
        return {output.name: output.values for output in outputs}
    try:
        numpy = import_module("numpy")
    except ImportError as error:
        raise BadCall("arrays need NumPy", hint="pip install numpy, or give rows as lists.") from error
    return {output.name: numpy.array(output.values, dtype=_numpy_dtype(output.dtype)) for output in outputs}


def _numpy_dtype(dtype: str) -> str:
    return {"string": "object", "datetime": "object", "bfloat16": "float32"}.get(dtype, dtype)
