"""The rows that a model is fed, as the arrays, tensors and data frames that libraries take."""

from __future__ import annotations

import importlib
from typing import Any

_WHOLE = ("int", "uint")


class Failed(Exception):
    """The run ends here: what went wrong, as a word of `failed` in the answer, and why."""

    def __init__(self, kind: str, message: str, library: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.library = library


def library(name: str) -> Any:
    """Import what the model's format needs. Raises Failed where the environment hasn't it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        missing = (error.name or name).partition(".")[0]
        if isinstance(error, ModuleNotFoundError) and missing == name.partition(".")[0]:
            raise Failed("library", f"{missing} is not installed", missing) from error
        raise Failed("library", f"{name} can't be imported: {error}", missing) from error


class Rows:
    """The rows: the names of their columns, None where they have none, and the cells."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.names = request["names"]
        self.cells = request["rows"]
        self.inputs: list[dict[str, Any]] = request["inputs"]

    def order(self, wanted: Any) -> list[int]:
        """Return the places of the columns as the model names them; as they stand where it names none."""
        names = self.names
        wanted = [str(name) for name in wanted] if wanted is not None else []
        if names is None or not wanted:
            width = len(self.cells[0])
            if wanted and len(wanted) != width:
                raise Failed("rows", f"the model takes {len(wanted)} columns; the rows have {width}")
            told = [one["name"] for one in self.inputs]
            if names is not None and sorted(told) == sorted(names):
                return [names.index(name) for name in told]
            return list(range(width))
        if missing := [name for name in wanted if name not in names]:
            if len(wanted) == len(names) and len(missing) == len(wanted):  # it knows them by numbers
                return self.order(None)
            raise Failed("rows", f"the rows lack the columns {', '.join(missing[:8])}")
        return [names.index(name) for name in wanted]

    def matrix(self, dtype: str, wanted: Any = None) -> Any:
        """Return all columns as one array; a single column of lists is the array of them."""
        order = self.order(wanted)
        if len(order) == 1 and isinstance(self.cells[0][order[0]], list):
            return array([row[order[0]] for row in self.cells], dtype, "the rows")
        return array([[row[place] for place in order] for row in self.cells], dtype, "the rows")

    def column(self, place: int, dtype: str) -> Any:
        """Return one column as an array."""
        name = self.names[place] if self.names else str(place + 1)
        return array([row[place] for row in self.cells], dtype, f"column {name}")

    def frame(self, wanted: Any = None) -> Any:
        """Return the columns as a data frame."""
        order = self.order(wanted)
        columns = [str(self.names[place]) for place in order]
        return library("pandas").DataFrame(
            [[row[place] for place in order] for row in self.cells], columns=columns
        )

    def table(self, wanted: Any) -> Any:
        """Return what an estimator takes: a data frame where it knows columns by name, else an array;
        texts of one dimension where the signature says so."""
        if self.names is not None and wanted is not None:
            return self.frame(wanted)
        if not any(isinstance(cell, str) for row in self.cells for cell in row):
            return self.matrix("float64")
        alone = self.inputs[0] if self.names is None and len(self.inputs) == 1 else {}
        return shaped(self.matrix("object"), len(alone.get("shape") or ()))

    def tensors(self) -> dict[str, Any] | None:
        """Return the inputs of the signature by name, where it tells of several tensors; else None: the
        columns are one tensor."""
        several = len(self.inputs) > 1 and any(len(one.get("shape") or ()) > 1 for one in self.inputs)
        if self.names is None or not several:
            return None
        order = self.order([one["name"] for one in self.inputs])
        return {
            one["name"]: shaped(self.column(place, one["dtype"]), len(one.get("shape") or ()))
            for one, place in zip(self.inputs, order)
        }

    def single(self) -> Any:
        """Return the rows as one tensor, in the dtype of the signature's only input, else in float32."""
        alone: dict[str, Any] = self.inputs[0] if len(self.inputs) == 1 else {"dtype": "float32"}
        return shaped(self.matrix(alone["dtype"]), len(alone.get("shape") or ()))


def array(cells: Any, dtype: str, where: str) -> Any:
    """Return cells as an array. Raises Failed for those that the type can't hold."""
    numpy = library("numpy")
    dtype = "object" if dtype == "string" else dtype
    try:
        made = numpy.array(cells, dtype=dtype)
        is_same = not dtype.startswith(_WHOLE) or (made == numpy.array(cells, dtype="float64")).all()
    except (TypeError, ValueError, OverflowError) as error:
        raise Failed("rows", f"{where}: not {dtype}: {error}") from error
    if not is_same:
        raise Failed("rows", f"{where}: not {dtype}: a number in it is not whole, or too large")
    return made


def shaped(values: Any, rank: int) -> Any:
    """Return an array with a last dimension of one more, or less, where that makes its rank the one asked."""
    if rank == values.ndim + 1:
        return values[..., None]
    if rank and rank == values.ndim - 1 and values.shape[-1] == 1:
        return values[..., 0]
    return values
