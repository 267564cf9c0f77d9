"""Sample rows as programs have them: which inputs they tell of, and what is kept beside a manifest."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall
from rollbook.propose.manifest_facts import small_file
from rollbook.propose.sample_files import require_names
from rollbook.propose.samples import KEPT_ROWS, Sample, read_sample
from rollbook.records.dtypes import arrow_word, kind_of, word_for
from rollbook.snapshot.snapshot import MAX_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_TOLD = Path("sample_input")  # what messages call the rows
_UNNAMED = "input"
_HINT = "Give a few rows as the model takes them: X.head(), an array X[:5], or a list of mappings."
_MISSING = frozenset(["NAType", "NaTType"])  # pandas' values that are missing and equal to nothing


@dataclass(frozen=True, slots=True)
class SampleTable:
    """Sample rows: the names of their columns (None: they have none), the cells row by row, each a plain
    value or nested lists of them, and the inputs of a signature that they tell of."""

    names: tuple[str, ...] | None
    cells: Sequence[Sequence[Any]]
    inputs: Sequence[Mapping[str, Any]]

    def kept(self) -> bytes:
        """Return the rows as JSON, as they stand beside a manifest: objects by the names of columns, or
        lists."""
        rows = (row if self.names is None else dict(zip(self.names, row, strict=True)) for row in self.cells)
        return f"[\n{_lines(rows)}\n]\n".encode()

    def as_request(self) -> dict[str, Any]:
        """Return the rows as what runs models is asked with them, but for the model."""
        names = None if self.names is None else [*self.names]
        return {"names": names, "rows": self.cells, "inputs": [*self.inputs], "trust": True}

    def first(self, count: int) -> SampleTable:
        """Return the same with no more rows than that."""
        return SampleTable(self.names, self.cells[:count], self.inputs)


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: its values, and what its library calls their type, as a word of the vocabulary where it has
    one."""

    name: str
    values: Sequence[Any]
    dtype: str = ""


def sample_table(given: Any) -> SampleTable:
    """Return the first rows of a data frame (pandas, Polars, Arrow), an array or a tensor, arrays by name, a
    list of rows, or a file of rows, as `register` takes it: no more than are kept beside a manifest.

    Raises BadCall for what holds no rows, or anything but texts, numbers, true and false.
    """
    table = _read(given)
    if not table.cells:
        raise BadCall(f"{_TOLD} has no row", hint=_HINT)
    while len(table.kept()) > MAX_FILE:
        if len(table.cells) == 1:
            raise BadCall(f"a row of {_TOLD} has more than {MAX_FILE:,} bytes as JSON")
        table = table.first(len(table.cells) // 2)
    return table


def _read(given: Any) -> SampleTable:
    if isinstance(given, str | Path):
        sample = read_sample(small_file(Path(given)), Path(given))
        return SampleTable(sample.names, sample.rows[:KEPT_ROWS], sample.tensors(_UNNAMED))
    home = type(given).__module__.partition(".")[0]
    if columns := _frame_columns(given, home):
        return _of_columns(columns)
    if isinstance(given, dict):
        return _of_mapping(given)
    if isinstance(given, list | tuple) and given and all(isinstance(row, dict) for row in given):
        rows = given[:KEPT_ROWS]
        names = [*dict.fromkeys(str(name) for row in rows for name in row)]
        by_name = [{str(name): value for name, value in row.items()} for row in rows]
        return _of_columns([_Column(name, [row.get(name) for row in by_name]) for name in names])
    return _of_array(_array(given, _TOLD.name))


def _frame_columns(given: Any, home: str) -> list[_Column]:
    """Return the columns of a data frame; empty for what is none."""
    if home == "pandas" and hasattr(given, "columns"):
        head = given.head(KEPT_ROWS)
        series = [head.iloc[:, place] for place in range(len(head.columns))]
        dtypes = [getattr(getattr(each.dtype, "categories", None), "dtype", each.dtype) for each in series]
        words = [word_for(str(dtype).lower()) if str(dtype) != "object" else "" for dtype in dtypes]
        names = [str(name) for name in head.columns]
        told = zip(names, series, words, strict=True)
        return [_Column(name, each.tolist(), word) for name, each, word in told]
    if home == "polars" and hasattr(given, "get_column"):
        head = given.head(KEPT_ROWS)
        return [
            _Column(name, head.get_column(name).to_list(), _polars_word(str(head.schema[name])))
            for name in head.columns
        ]
    if home == "pyarrow" and hasattr(given, "column_names"):
        head = given.slice(0, KEPT_ROWS)
        return [
            _Column(name, head.column(place).to_pylist(), arrow_word(str(head.schema.field(place).type)))
            for place, name in enumerate(head.column_names)
        ]
    if hasattr(given, "collect") and home == "polars":
        raise BadCall(f"{_TOLD} is a plan of rows, not rows", hint="Give frame.head().collect().")
    return []


def _polars_word(text: str) -> str:
    """Return the word for a type of Polars' (https://docs.pola.rs/api/python/stable/reference/datatypes.html)."""
    plain = text.partition("(")[0].lower()
    return "string" if plain in ("categorical", "enum") else word_for(plain)


def _of_columns(columns: Sequence[_Column]) -> SampleTable:
    require_names([column.name for column in columns], _TOLD)
    if any(_is_nested(value) for column in columns for value in column.values[:1]):
        return _of_arrays({column.name: _array([*column.values], column.name) for column in columns})
    plain = [[_plain(column.name, value) for value in column.values] for column in columns]
    names = tuple(column.name for column in columns)
    inputs = [
        {"name": column.name, "dtype": _dtype(column, values), "shape": [-1]}
        for column, values in zip(columns, plain, strict=True)
    ]
    return SampleTable(names, [list(row) for row in zip(*plain, strict=True)], inputs)


def _is_nested(value: Any) -> bool:
    return isinstance(value, list | tuple) or getattr(value, "shape", ()) != ()


def _dtype(column: _Column, values: Sequence[Any]) -> str:
    """Return the type that the column's library tells, or else the one that holds its values."""
    if kind_of(column.dtype):
        return column.dtype
    return str(Sample(_TOLD, (column.name,), [[value] for value in values]).tensors("")[0]["dtype"])


def _of_mapping(given: Mapping[Any, Any]) -> SampleTable:
    arrays = {str(name): _array(value, str(name)) for name, value in given.items()}
    if not arrays or len({len(array) for array in arrays.values()}) != 1:
        raise BadCall(f"{_TOLD}: all arrays need the same number of rows", hint=_HINT)
    return _of_arrays(arrays)


def _of_arrays(arrays: Mapping[str, Any]) -> SampleTable:
    """Return arrays by the names of inputs."""
    if all(array.ndim == 1 for array in arrays.values()):
        return _of_columns(
            [_Column(name, array.tolist(), _array_word(array)) for name, array in arrays.items()]
        )
    require_names([*arrays], _TOLD)
    inputs = [_tensor(name, array) for name, array in arrays.items()]
    cells = [
        [_nested(name, value) for name, value in zip(arrays, row, strict=True)]
        for row in zip(*(array.tolist() for array in arrays.values()), strict=True)
    ]
    return SampleTable(tuple(arrays), cells, inputs)


def _of_array(array: Any) -> SampleTable:
    rows = [row if isinstance(row, list) else [row] for row in array.tolist()]
    cells = [_nested(_UNNAMED, row) for row in rows]
    return SampleTable(None, cells, [_tensor(_UNNAMED, array)])


def _tensor(name: str, array: Any) -> dict[str, Any]:
    word = _array_word(array)
    if not kind_of(word):
        flat = [[_plain(name, value)] for value in array.reshape(-1).tolist()]
        word = str(Sample(_TOLD, (name,), flat).tensors("")[0]["dtype"])
    return {"name": name, "dtype": word, "shape": [-1, *array.shape[1:]]}


def _array(given: Any, name: str) -> Any:
    """Return the first rows of what is or becomes an array of NumPy's. Raises BadCall."""
    try:
        numpy = import_module("numpy")
    except ImportError as error:
        raise BadCall(f"{_TOLD}: arrays need NumPy", hint="pip install numpy") from error
    head = given
    if isinstance(given, list | tuple) or getattr(given, "shape", ()) != ():
        head = given[:KEPT_ROWS]
    if hasattr(head, "toarray"):  # a sparse matrix
        head = head.toarray()
    if hasattr(head, "detach"):  # a tensor of PyTorch's
        head = head.detach().cpu()
    try:
        array = numpy.asarray(head)
        if array.dtype.kind in "US" and not hasattr(head, "dtype"):
            array = numpy.asarray(head, dtype="object")  # which of them are texts is told apart
    except (TypeError, ValueError) as error:
        raise BadCall(f"{_TOLD}: {name[:80]!r} has rows of different sizes", hint=_HINT) from error
    if array.ndim == 0 or array.dtype.names:
        raise BadCall(f"{_TOLD}: {type(given).__name__[:80]} holds no rows", hint=_HINT)
    return array


def _array_word(array: Any) -> str:
    """Return the word for the type of an array; empty where it is of any objects."""
    return {"O": "", "U": "string", "T": "string", "M": "datetime"}.get(
        array.dtype.kind, word_for(array.dtype.name)
    )


def _nested(name: str, value: Any) -> Any:
    return [_nested(name, one) for one in value] if isinstance(value, list) else _plain(name, value)


def _plain(name: str, value: Any) -> Any:
    """Return a value as JSON has it, a missing one as None. Raises BadCall for any other."""
    if value is None or type(value).__name__ in _MISSING:
        return None
    if isinstance(value, date | time):
        return value.isoformat()
    value = float(value) if isinstance(value, Decimal) else value
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float):
        if math.isinf(value):
            raise BadCall(f"{_TOLD}: {name[:80]!r} holds what is no finite number")
        return None if math.isnan(value) else value
    if not isinstance(value, str | int):
        kind = type(value).__name__[:80]
        raise BadCall(f"{_TOLD}: {name[:80]!r} holds more than texts and numbers: {kind}", hint=_HINT)
    return value


def _lines(rows: Iterable[Any]) -> str:
    return ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in rows)
