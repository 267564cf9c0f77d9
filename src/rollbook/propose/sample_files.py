"""A table in CSV or in Parquet, as names of columns and rows."""

from __future__ import annotations

import csv
import io
import math
import re
from datetime import date, time
from decimal import Decimal
from importlib import import_module
from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall
from rollbook.records.dtypes import arrow_word
from rollbook.text import decoded, spreadsheet_cell

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rollbook.propose.sample_orientations import Table

# By the endings of their names: what separates cells, and what is Parquet.
DELIMITERS = {".csv": ",", ".tsv": "\t"}
PARQUET = (".parquet", ".pq")
MOST_ROWS = 10_000
_MOST_COLUMNS = 5_000
_MOST_UNPACKED = 64 << 20  # bytes
_WHOLE = re.compile(r"[+-]?(?:0|[1-9][0-9]{0,18})")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,4})?")
_ZERO_FIRST = re.compile(r"[+-]?0[0-9]")  # a number of an account, not one to count with
_NO_NUMBER = frozenset(["nan", "inf", "infinity"])
_BOOLEANS = {"true": True, "false": False}


def csv_table(data: bytes, path: Path, delimiter: str) -> Table:
    """Read a CSV file with a line of names. An empty cell is a missing value. A column is of numbers, or of
    true and false, where all of its cells are; else it is of texts. Raises BadCall, naming line or column."""
    text = decoded(data).removeprefix("\ufeff")
    if "\0" in text:
        raise BadCall(f"{path}: a null character is in it")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    try:
        names = next(reader, [])
        require_names(names, path)
        for row in reader:
            if row and len(row) != len(names):
                raise BadCall(
                    f"{path}:{reader.line_num}: {len(row)} cells; the first line names {len(names)}"
                )
            rows += [row] if row else []
    except csv.Error as error:
        raise BadCall(f"{path}:{reader.line_num}: not CSV: {error}") from error
    by_column = zip(*rows, strict=True) if rows else ()
    columns = [_read(name, cells, path) for name, cells in zip(names, by_column, strict=bool(rows))]
    return names, [list(row) for row in zip(*columns, strict=True)]


def parquet_table(data: bytes, path: Path) -> tuple[Table, list[str]]:
    """Read the first MOST_ROWS rows of a Parquet file, in which dates and times become texts, and the type of
    each column, as the file says it. Raises BadCall for what can't be read, and without pyarrow."""
    try:
        arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as error:
        raise BadCall(f"{path}: Parquet needs pyarrow", hint="pip install 'rollbook[parquet]'") from error
    try:
        file = parquet.ParquetFile(io.BytesIO(data))
        names = [*file.schema_arrow.names]
        types = [_type(each) for each in file.schema_arrow.types]
        require_names(names, path)
        _require_small(file.metadata, path)
        batch = next(file.iter_batches(batch_size=MOST_ROWS), None)
        columns = [] if batch is None else [column.to_pylist() for column in batch.columns]
    except (arrow.ArrowException, OSError, ValueError) as error:
        if isinstance(error, BadCall):
            raise
        raise BadCall(
            f"{path}: not Parquet that can be read: {' '.join(str(error).split())[:200]}"
        ) from error
    plain = [[_plain(value) for value in column] for column in columns]
    # An index that pandas kept is no column.
    kept = [place for place, name in enumerate(names) if not re.fullmatch(r"__index_level_[0-9]+__", name)]
    rows = [[row[place] for place in kept] for row in zip(*plain, strict=True)]
    return ([names[place] for place in kept], rows), [types[place] for place in kept]


def _type(arrow: Any) -> str:
    """Return the word for a type of Apache Arrow's; of a dictionary that of its values."""
    return arrow_word(str(getattr(arrow, "value_type", arrow)))


def require_names(names: Sequence[str], path: Path) -> None:
    """Raise BadCall for names that columns can't have: none, too many, an empty one, or one twice."""
    if not names:
        raise BadCall(f"{path}: it is empty", hint="The first line has the names of the columns.")
    if len(names) > _MOST_COLUMNS:
        raise BadCall(f"{path}: {len(names):,} columns are more than {_MOST_COLUMNS:,}")
    seen: set[str] = set()
    for place, name in enumerate(names, 1):
        if not name.strip():
            raise BadCall(f"{path}: column {place} has no name")
        if name in seen:
            raise BadCall(f"{path}: the column {name[:80]!r} comes twice")
        seen.add(name)


def _require_small(metadata: Any, path: Path) -> None:
    """Raise BadCall for a file that says that it holds far more than it shows."""
    unpacked = sum(
        metadata.row_group(group).column(place).total_uncompressed_size
        for group in range(metadata.num_row_groups)
        for place in range(metadata.num_columns)
    )
    if unpacked > _MOST_UNPACKED:
        raise BadCall(f"{path}: unpacked it has {unpacked:,} bytes; {_MOST_UNPACKED:,} are the most")


def _read(name: str, cells: Sequence[str], path: Path) -> list[Any]:
    """Return the values of a column of CSV."""
    present = [cell.strip() for cell in cells if cell]
    if present and {cell.lower() for cell in present} <= _BOOLEANS.keys():
        return [_BOOLEANS[cell.strip().lower()] if cell else None for cell in cells]
    others = [cell for cell in present if not _NUMBER.fullmatch(cell) or _ZERO_FIRST.match(cell)]
    if present and all(cell.lstrip("+-").lower() in _NO_NUMBER for cell in others):
        if others:
            message = f"{path}: column {name[:80]!r}: {others[0][:20]!r} is not a finite number"
            raise BadCall(message, hint="Leave the cell of a missing value empty.")
        return [_number(cell.strip(), name, path) if cell else None for cell in cells]
    if formula := next((cell for cell in others if spreadsheet_cell(cell) != cell), None):
        raise BadCall(
            f"{path}: column {name[:80]!r}: a spreadsheet would run {formula[:40]!r}",
            hint="Take such cells out, or give the sample as JSON.",
        )
    return [cell or None for cell in cells]


def _number(cell: str, name: str, path: Path) -> float:
    number = int(cell) if _WHOLE.fullmatch(cell) else float(cell)
    if not math.isfinite(number):
        raise BadCall(f"{path}: column {name[:80]!r}: {cell[:40]!r} is not a finite number")
    return number


def _plain(value: object) -> object:
    if isinstance(value, date | time):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value
