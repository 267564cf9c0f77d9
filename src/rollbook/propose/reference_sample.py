"""Making a reference sample of a file of rows: read in passing, thinned out evenly, written as Parquet."""

from __future__ import annotations

import csv
import re
import tempfile
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollbook.artifact.links import LinkRule
from rollbook.artifact.unfetched import require_there
from rollbook.errors import BadCall
from rollbook.propose.new_evidence import Examination
from rollbook.propose.reference_table import (
    FILE_NAME,
    MOST_ROWS,
    MOST_UNPACKED,
    arrow,
    in_line,
    read_reference,
    require_plain,
)
from rollbook.propose.sample_files import DELIMITERS, PARQUET, require_names
from rollbook.propose.sample_orientations import parse_json, table_of
from rollbook.records.evidence import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from rollbook.artifact.progress import Progress
    from rollbook.artifact.storage import Storage, Stored

_BATCH = 16_384  # rows
_LARGEST_JSON = 16 << 20  # bytes
_LONGEST_HEADER = 1 << 20  # characters
_PANDAS_INDEX = re.compile(r"__index_level_[0-9]+__")
# Cells of CSV, as `sample_files` reads them.
_BOOLEAN = r"^(?:true|false)$"
_WHOLE = r"^[+-]?(?:0|[1-9][0-9]{0,17})$"
_NUMBER = r"^[+-]?(?:(?:0|[1-9][0-9]{0,39})(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?$"
_MISSING = ["", "nan", "NaN"]


@dataclass(frozen=True, slots=True)
class ReferenceSample:
    """A reference sample that is in DVC's cache: how many rows it was taken from and how many it has, and
    the names of its columns."""

    stored: Stored
    given: int
    rows: int
    names: tuple[str, ...]

    def examination(self) -> Examination:
        """Return it as evidence, to which its file is attached."""
        of = f" of {self.given:,}, evenly taken" if self.given > self.rows else ""
        return Examination(
            kind=REFERENCE,
            passed=True,
            summary=f"{self.rows:,} rows{of}, {len(self.names):,} columns",
            metrics={"rows": self.rows, "columns": len(self.names)},
        )

    def attachment(self) -> dict[str, Any]:
        """Return what evidence says of the file."""
        return {name: value for name, value in self.stored.as_mapping().items() if name != "format"}


def store_reference(storage: Storage, source: Path, progress: Progress) -> ReferenceSample:
    """Bring the rows of a file, CSV, TSV, Parquet or JSON, into DVC's cache as a reference sample.

    Of more than MOST_ROWS rows every second, third, ... is kept. Raises BadCall for what can't be read.
    """
    require_there(source)
    pyarrow, parquet = arrow(str(source))
    with tempfile.TemporaryDirectory(prefix="rollbook-") as directory:
        made = Path(directory, FILE_NAME)
        try:
            rows = _Thinned(source)
            for batch in _batches(source):
                rows.add(batch)
            table = _typed(rows.table(), source)
            parquet.write_table(table, made, compression="zstd")
        except (pyarrow.ArrowException, csv.Error, OSError, ValueError, TypeError) as error:
            if isinstance(error, BadCall):
                raise
            raise BadCall(f"{source} can't be read as rows: {in_line(error)}") from error
        read_reference(made, str(source))
        stored = storage.add(made, FILE_NAME, progress, links=LinkRule.NONE)
    return ReferenceSample(stored, rows.given, table.num_rows, tuple(table.column_names))


class _Thinned:
    """Rows that come in batches, of which every `step`th is kept, so that there are never too many."""

    def __init__(self, source: Path) -> None:
        self._source = source
        self._kept: list[pa.Table] = []
        self._step = 1
        self.given = 0

    def add(self, batch: pa.Table) -> None:
        """Take a batch. Raises BadCall where even so many rows are too many bytes."""
        first = -self.given % self._step
        self.given += batch.num_rows
        self._kept.append(batch if self._step == 1 else _every(batch, self._step, first))
        if sum(table.num_rows for table in self._kept) > 2 * MOST_ROWS:
            self._halve()
        if sum(table.nbytes for table in self._kept) > 2 * MOST_UNPACKED:
            raise BadCall(f"{self._source}: its rows are too long", hint="Leave out columns of long texts.")

    def table(self) -> pa.Table:
        """Return the rows that were kept. Raises BadCall where there are none."""
        if not self.given:
            raise BadCall(f"{self._source}: no row is in it", hint="Give rows as the model takes them.")
        if sum(table.num_rows for table in self._kept) > MOST_ROWS:
            self._halve()
        return import_module("pyarrow").concat_tables(self._kept)

    def _halve(self) -> None:
        whole = import_module("pyarrow").concat_tables(self._kept)
        self._kept = [_every(whole, 2)]
        self._step *= 2


def _every(table: pa.Table, step: int, first: int = 0) -> pa.Table:
    return table.take(import_module("pyarrow").array(range(first, table.num_rows, step)))


def _batches(source: Path) -> Iterator[pa.Table]:
    ending = source.suffix.lower()
    if ending in DELIMITERS:
        return _of_csv(source, DELIMITERS[ending])
    return _of_parquet(source) if ending in PARQUET else _of_json(source)


def _of_parquet(source: Path) -> Iterator[pa.Table]:
    pyarrow, parquet = arrow(str(source))
    with parquet.ParquetFile(source) as file:
        names = [name for name in file.schema_arrow.names if not _PANDAS_INDEX.fullmatch(name)]
        require_names(names, source)
        require_plain(pyarrow.schema([file.schema_arrow.field(name) for name in names]), str(source))
        for batch in file.iter_batches(batch_size=_BATCH, columns=names, use_threads=False):
            yield pyarrow.Table.from_batches([batch]).replace_schema_metadata()


def _of_csv(source: Path, delimiter: str) -> Iterator[pa.Table]:
    """Yield texts: what they are can be told only of all of them."""
    pyarrow, reading = import_module("pyarrow"), import_module("pyarrow.csv")
    with source.open(encoding="utf-8-sig", newline="") as file:
        names = next(csv.reader(iter(lambda: file.readline(_LONGEST_HEADER), ""), delimiter=delimiter), [])
    require_names(names, source)
    reader = reading.open_csv(
        source,
        read_options=reading.ReadOptions(use_threads=False, block_size=4 << 20),
        parse_options=reading.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=reading.ConvertOptions(
            column_types=dict.fromkeys(names, pyarrow.string()),
            null_values=_MISSING,
            strings_can_be_null=True,
        ),
    )
    with reader:
        for batch in reader:
            yield pyarrow.Table.from_batches([batch])


def _of_json(source: Path) -> Iterator[pa.Table]:
    if source.stat().st_size > _LARGEST_JSON:
        message = f"{source}: more than {_LARGEST_JSON:,} bytes of JSON"
        raise BadCall(message, hint="Give the rows in Parquet or CSV, which are read in passing.")
    names, rows = table_of(parse_json(source.read_bytes(), source), source)
    if names is None:
        raise BadCall(f"{source}: the columns have no names", hint='Give objects: [{"age": 41}, ...].')
    require_names(names, source)
    columns = zip(*rows, strict=True)
    table = import_module("pyarrow").table(
        {name: list(values) for name, values in zip(names, columns, strict=True)}
    )
    require_plain(table.schema, str(source))
    yield table


def _typed(table: pa.Table, source: Path) -> pa.Table:
    """Return rows with the texts of a CSV file read as what they are, and without Arrow's dictionaries."""
    pyarrow = import_module("pyarrow")
    is_csv = source.suffix.lower() in DELIMITERS
    columns = {}
    for name in table.column_names:
        column = table.column(name)
        if pyarrow.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        columns[name] = _of_cells(column) if is_csv else column
    return pyarrow.table(columns)


def _of_cells(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the values of a column of CSV: true and false, whole numbers or numbers where all cells are."""
    pyarrow, compute = import_module("pyarrow"), import_module("pyarrow.compute")
    cells = compute.utf8_trim_whitespace(column)

    def all_are(pattern: str) -> bool:
        found = compute.match_substring_regex(cells, pattern, ignore_case=True)
        return compute.all(found, skip_nulls=True, min_count=1).as_py() is True

    if all_are(_BOOLEAN):
        return compute.equal(compute.utf8_lower(cells), "true")
    if all_are(_WHOLE):
        return compute.replace_substring_regex(cells, r"^\+", "").cast(pyarrow.int64())
    if all_are(_NUMBER):
        return compute.replace_substring_regex(cells, r"^\+", "").cast(pyarrow.float64())
    return column
