"""Tables that something else writes: files of Parquet or CSV, or a table in a DuckDB database.

They are read by a DuckDB that can read nothing else: no other file, no address, no extension, and no more
memory and time than it is given (https://duckdb.org/docs/stable/operations_manual/securing_duckdb/overview).
"""

from __future__ import annotations

import shutil
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall
from rollbook.integrations.monitor.question import SourceFailed
from rollbook.integrations.monitor.sources.regular_files import Fingerprint, fingerprint, regular_files
from rollbook.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

_MEMORY = "256MB"
_READERS = {".parquet": "read_parquet", ".pq": "read_parquet", ".csv": "read_csv", ".tsv": "read_csv"}
DATABASES = (".duckdb", ".ddb", ".db")
TABULAR = (*_READERS, *DATABASES)
LIMITS = {
    "memory_limit": _MEMORY,
    "threads": "2",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",
}


class TableFiles:
    """One table, open for reading. `relation` is what stands behind FROM; `columns` says each column's type,
    as DuckDB calls it. Each question may take `seconds`. With `filename`, files tell which of them a row is
    from in a column of that name."""

    def __init__(self, pattern: str, table: str, seconds: float, *, filename: bool = False) -> None:
        """Open the table. Raises SourceFailed, and BadCall without DuckDB."""
        self._options = f"union_by_name = true, filename = {str(filename).lower()}"
        self.name = pattern
        self._seconds = seconds
        self._duckdb = duckdb_library()
        files = regular_files(pattern)
        kinds = {path.suffix.lower() for path in files}
        if len({_READERS.get(kind, kind) for kind in kinds}) != 1 or not kinds <= {*TABULAR}:
            raise SourceFailed(
                f"{pattern}: no table is read from files that end in {', '.join(sorted(kinds))}"
            )
        self._is_csv = kinds <= {".csv", ".tsv"}
        self._states: dict[Path, Fingerprint] = {path: fingerprint(path) for path in files}
        self.folder = Path(tempfile.mkdtemp(prefix="rollbook-"))
        try:
            self._connection = self._duckdb.connect(str(self.folder / "staged.duckdb"), config=LIMITS)
            with self._bounded():
                self.relation = self._locked(files, table)
                described = self._connection.execute(f"DESCRIBE FROM {self.relation}").fetchall()
        except BaseException:
            self.close()
            raise
        self.columns: Mapping[str, str] = {str(row[0]): str(row[1]) for row in described}

    def ask(self, sql: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        """Return what a query of ours tells. Raises SourceFailed."""
        with self._bounded():
            table: pa.Table = self._connection.sql(sql, params=dict(parameters or {})).to_arrow_table()
        self._require_unchanged()
        return table

    def close(self) -> None:
        """Let go of the files, and of what was staged of them."""
        if hasattr(self, "_connection"):
            self._connection.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _locked(self, files: Sequence[Path], table: str) -> str:
        """Return the relation, and let the connection read nothing else from now on."""
        run = self._connection.execute
        names = ", ".join(literal(str(path)) for path in files)
        run(f"SET temp_directory = {literal(str(self.folder / 'spilled'))}")
        run("SET TimeZone = 'UTC'")
        # Else a row group is held as a whole, also where one column of it is read.
        run("SET disable_parquet_prefetching = true")
        if files[0].suffix.lower() in DATABASES:
            if len(files) > 1:
                raise SourceFailed(f"{self.name}: several databases; name one")
            run(f"ATTACH {names} AS log (READ_ONLY)")
            relation = f"log.{identifier(table)}"
        elif self._is_csv:  # parsed once, since every question else would parse it anew
            run(f"CREATE TABLE staged AS FROM read_csv([{names}], header = true, {self._options})")
            relation = "staged"
        else:
            run(f"SET allowed_paths = [{names}]")
            relation = f"read_parquet([{names}], {self._options})"
        run("SET enable_external_access = false")
        run("SET lock_configuration = true")
        return relation

    def _require_unchanged(self) -> None:
        """Raise SourceFailed where files were written meanwhile, which are read piece by piece."""
        if not self._is_csv and any(fingerprint(path) != state for path, state in self._states.items()):
            raise SourceFailed(f"{self.name} changed while it was read", hint="Add files; rewrite none.")

    @contextmanager
    def _bounded(self) -> Iterator[None]:
        with bounded(self._connection, self._seconds):
            try:
                yield
            except self._duckdb.Error as error:
                raise SourceFailed(f"{self.name}: {told(error)}") from error


def duckdb_library() -> Any:
    """Return DuckDB. Raises BadCall saying which extra to install."""
    try:
        import duckdb
        import pyarrow as pa  # noqa: F401 - what DuckDB answers with
    except ImportError as error:
        raise BadCall("DuckDB is not installed", hint="pip install 'rollbook[monitor]'") from error
    return duckdb


@contextmanager
def bounded(connection: Any, seconds: float) -> Iterator[None]:
    """Interrupt what a connection does when its time is up."""
    timer = threading.Timer(seconds, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def told(error: Exception) -> str:
    """Return the first line of what DuckDB says of an error."""
    if "INTERRUPT" in str(error):
        return "it took too long"
    return one_line(str(error).partition("\n")[0], 300)


def identifier(name: str) -> str:
    """Return a name as SQL has it, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as SQL has it, whatever it holds."""
    return "'" + text.replace("'", "''") + "'"
