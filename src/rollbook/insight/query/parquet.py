# ruff: noqa: S608 (every word of the SQL is written in this package)
"""The views as Parquet files (https://parquet.apache.org), one a view, for a warehouse or a data frame."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollbook.errors import Refused
from rollbook.insight.query.index.lookup import ask
from rollbook.insight.query.sql import no_events, prepare
from rollbook.insight.query.views import VIEWS
from rollbook.insight.tabular import arrow_type, library, typed_array

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from rollbook.insight.query.views import View
    from rollbook.registry.registry import Registry

_ENDING = ".parquet"
_ROWS_TOGETHER = 100_000


@dataclass(frozen=True, slots=True)
class ExportedTables:
    """What was written: the folder, and how many rows each view has."""

    directory: Path
    rows: Mapping[str, int]

    def as_document(self) -> dict[str, object]:
        """Return what was written as JSON data."""
        return {"directory": str(self.directory), "rows": dict(self.rows)}


def export(registry: Registry, directory: Path) -> ExportedTables:
    """Write every view to `directory` as `<view>.parquet`: the same registry gives the same bytes.

    The files are written aside first, and put in the place of those of an earlier export all at once. Raises
    BadCall without pyarrow, Refused when something else is in the folder.
    """
    arrow = _pyarrow()
    directory = directory.absolute()
    _require_own(directory)
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{directory.name}-", dir=directory.parent) as beside:
        new = Path(beside) / "new"

        def question(connection: sqlite3.Connection) -> dict[str, int]:
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir()
            if not prepare(connection, registry):
                raise no_events()
            return {view.name: _write(arrow, connection, view, new) for view in VIEWS}

        rows = ask(registry, question, events=True)
        if directory.exists():
            directory.rename(Path(beside) / "old")
        new.rename(directory)
    return ExportedTables(directory, rows)


def _pyarrow() -> Any:
    command = 'pip install "rollbook[parquet]"'
    library("pyarrow.parquet", command)
    return library("pyarrow", command)


def _require_own(directory: Path) -> None:
    """Raise Refused when a folder holds what no export has written: it is replaced as a whole."""
    if not directory.exists():
        return
    own = {f"{view.name}{_ENDING}" for view in VIEWS}
    others = sorted(path.name for path in directory.iterdir() if path.name not in own)
    if directory.is_symlink() or others:
        what = f"{directory} is a link" if directory.is_symlink() else f"{directory} holds {others[0]!r}"
        raise Refused(
            f"{what}, which is not of an export", hint="Name a new folder, or one of an earlier export."
        )


def _write(arrow: Any, connection: sqlite3.Connection, view: View, directory: Path) -> int:
    """Write one view; return how many rows it has."""
    schema = arrow.schema(
        [
            arrow.field(column.name, arrow_type(arrow, column.type), metadata={"meaning": column.meaning})
            for column in view.columns
        ],
        metadata={"meaning": view.meaning},
    )
    names = ", ".join(column.name for column in view.columns)
    # By every column: rows that are the same in all of them are the same rows.
    order = ", ".join(map(str, range(1, len(view.columns) + 1)))
    rows = connection.execute(f"SELECT {names} FROM {view.name} ORDER BY {order}")
    count = 0
    with arrow.parquet.ParquetWriter(directory / f"{view.name}{_ENDING}", schema) as writer:
        while some := rows.fetchmany(_ROWS_TOGETHER):
            count += len(some)
            columns = zip(view.columns, zip(*some, strict=True), strict=True)
            arrays = [typed_array(arrow, column.type, values) for column, values in columns]
            writer.write_table(arrow.Table.from_arrays(arrays, schema=schema))
    return count
