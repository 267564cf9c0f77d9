"""A reference sample as it is kept: one Parquet file of plain columns, small enough to be read whole."""

from __future__ import annotations

from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall
from rollbook.propose.sample_files import PARQUET, require_names
from rollbook.records.signature import Illegible, columns_of
from rollbook.schema.explanation import shown

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pyarrow as pa

    from rollbook.records.signature import Column

FILE_NAME = "reference.parquet"
MOST_ROWS = 100_000
LARGEST = 64 << 20  # bytes of the file
MOST_UNPACKED = 256 << 20  # bytes
_MOST_NAMED = 5
_MORE = "Thin it out: register with `--reference FILE`, which keeps at most that many rows."


def arrow(where: str) -> tuple[Any, Any]:
    """Return pyarrow and its reader of Parquet. Raises BadCall where it isn't installed."""
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as error:
        raise BadCall(
            f"{where}: a reference sample needs pyarrow", hint="pip install 'rollbook[monitor]'"
        ) from error


def read_reference(source: Path | bytes, where: str = "") -> pa.Table:
    """Return the rows of a reference sample, a file or the bytes of one; `where` is what it is called.

    Nothing large is unpacked before it was weighed. Raises BadCall for what is no Parquet, for columns of
    lists or objects, and for too many rows, columns or bytes.
    """
    where = where or (FILE_NAME if isinstance(source, bytes) else str(source))
    pyarrow, parquet = arrow(where)
    if not isinstance(source, bytes) and (source.suffix.lower() not in PARQUET or not source.is_file()):
        raise BadCall(f"{where}: a reference sample is one Parquet file", hint="Name it reference.parquet.")
    if (len(source) if isinstance(source, bytes) else source.stat().st_size) > LARGEST:
        raise BadCall(f"{where}: more than {LARGEST:,} bytes", hint=_MORE)
    try:
        with parquet.ParquetFile(BytesIO(source) if isinstance(source, bytes) else source) as file:
            _require_small(file.metadata, where)
            require_names(file.schema_arrow.names, Path(where))
            require_plain(file.schema_arrow, where)
            return file.read()
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        if isinstance(error, BadCall):
            raise
        raise BadCall(f"{where}: not Parquet that can be read: {in_line(error)}") from error


def require_plain(schema: pa.Schema, where: str) -> None:
    """Raise BadCall for a column whose values have no distribution: lists, objects, bytes."""
    types = import_module("pyarrow.types")
    for field in schema:
        if types.is_nested(field.type) or "binary" in str(field.type):
            message = f"{where}: the column {shown(field.name)} holds {str(field.type)[:80]}"
            raise BadCall(message, hint="Give columns of numbers, texts, times, true and false.")


def missing_inputs(signature: Mapping[str, Any], names: Collection[str]) -> tuple[str, ...]:
    """Return the inputs of a manifest's signature that a sample with columns of these names lacks, as far as
    they are columns; none where the signature can't be read."""
    try:
        inputs = columns_of(signature, "inputs")
    except Illegible:
        return ()
    return tuple(one.name for one in inputs if is_column(one) and one.required and one.name not in names)


def is_column(tensor: Column) -> bool:
    """Whether an input or output is a column of a table: a value a row."""
    return tensor.shape is None or len(tensor.shape) <= 1 or tensor.shape[1:] == (1,)


def reference_remarks(signature: Mapping[str, Any], names: Collection[str]) -> tuple[str, ...]:
    """Return what a person has to know of the columns of a reference sample. Raises BadCall where it has none
    of the inputs."""
    lost = missing_inputs(signature, names)
    if not lost:
        return ()
    listed = ", ".join(shown(name) for name in lost[:_MOST_NAMED])
    more = f" and {len(lost) - _MOST_NAMED} more" if len(lost) > _MOST_NAMED else ""
    if len(lost) == sum(is_column(one) for one in columns_of(signature, "inputs")):
        raise BadCall(
            f"the reference sample has none of the model's inputs: {listed}{more}",
            hint="Its columns are called as the signature calls the inputs.",
        )
    return (f"the reference sample lacks {listed}{more}: their drift can't be told",)


def in_line(error: BaseException) -> str:
    """Return what a library says, on one line."""
    return " ".join(str(error).split())[:200]


def _require_small(metadata: Any, where: str) -> None:
    unpacked = sum(
        metadata.row_group(group).column(place).total_uncompressed_size
        for group in range(metadata.num_row_groups)
        for place in range(metadata.num_columns)
    )
    if metadata.num_rows > MOST_ROWS:
        raise BadCall(f"{where}: {metadata.num_rows:,} rows; {MOST_ROWS:,} are the most", hint=_MORE)
    if unpacked > MOST_UNPACKED:
        raise BadCall(f"{where}: unpacked it has {unpacked:,} bytes; {MOST_UNPACKED:,} are the most")
