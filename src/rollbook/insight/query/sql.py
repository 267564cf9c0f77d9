"""Running one query over a registry."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall, Refused
from rollbook.insight.query.guard import Limits, guard
from rollbook.insight.query.index.index_files import is_broken
from rollbook.insight.query.index.lookup import ask
from rollbook.insight.query.views import BY_NAME, OF_EVENTS, VIEWS, make
from rollbook.insight.tabular import Tabular, TypedColumn, kind_of, library

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.registry.registry import Registry

Value = str | int | float | bytes | None

TIMEOUT = 30.0
MOST_ROWS = 1_000_000
_SCHEMA = "Run `rollbook query --schema` for the views and their columns."
_READS_ONLY = "A query only reads the views: it is one SELECT, which may begin with WITH."
# How SQLite says that the query does what it must not.
_FORBIDDEN = ("not authorized", "prohibited", "one statement", "cannot modify", "cannot VACUUM")
_MISSING = re.compile(r"no such (?P<what>table|column): (?:\w+\.)?(?P<name>.+)")
_EVENTS = re.compile("|".join(OF_EVENTS), re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Result(Tabular):
    """What a query gives: the names of its columns, and its rows, each with a value for each column.

    `problems` counts the files that can't be read, whose facts are missing.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    problems: int = 0

    def as_records(self) -> list[dict[str, Value]]:
        """Each row as a mapping. Raises BadCall when two columns have the same name."""
        if len(set(self.columns)) < len(self.columns):
            raise BadCall("two columns have the same name", hint="Name them apart: SELECT a.name AS other")
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def as_document(self) -> list[dict[str, object]]:
        """Return the rows as JSON data; bytes are written in hexadecimal digits. Raises as `as_records`."""
        return [
            {name: value.hex() if isinstance(value, bytes) else value for name, value in record.items()}
            for record in self.as_records()
        ]

    def table_columns(self) -> list[TypedColumn]:
        """Return the columns, in the types that the views have under their names."""
        cells = zip(*self.rows, strict=True) if self.rows else [()] * len(self.columns)
        return [
            TypedColumn(name, kind_of(name), values) for name, values in zip(self.columns, cells, strict=True)
        ]

    def _repr_html_(self) -> str:
        from rollbook.insight.display import row_table

        return row_table(self.columns, self.rows)

    def to_dataframe(self) -> Any:
        """Return a pandas DataFrame of the values as they are, times as text; see `to_pandas`. Raises BadCall
        without pandas."""
        pandas = library("pandas", 'pip install "rollbook[pandas]"')
        return pandas.DataFrame(list(self.rows), columns=list(self.columns))


def query(
    registry: Registry,
    sql: str,
    parameters: Sequence[Value] | Mapping[str, Value] = (),
    *,
    timeout: float = TIMEOUT,
) -> Result:
    """Return what one SELECT over the views (`rollbook.insight.query.views`) gives, in SQLite's dialect.

    `parameters` stand for the `?` or the `:name` in it; `timeout` is in seconds. Raises BadCall for SQL that
    is wrong or does more than read, Refused when it takes too long, too much memory, or gives too many rows.
    """
    # A view can only be read by its name, so where the name isn't written no tags are needed.
    events = _EVENTS.search(sql) is not None

    def question(connection: sqlite3.Connection) -> Result:
        prepare(connection, registry)
        (problems,) = connection.execute("SELECT count(*) FROM problems").fetchone()
        limits = Limits(timeout)
        guard(connection, limits)
        try:
            return _run(connection, sql, parameters, problems)
        except (sqlite3.Error, sqlite3.Warning, OverflowError, MemoryError) as error:
            if isinstance(error, sqlite3.Error) and is_broken(error):
                raise
            raise _explained(error, limits) from error

    return ask(registry, question, events=events)


def prepare(connection: sqlite3.Connection, registry: Registry) -> bool:
    """Make the views for the registry's snapshot; return whether those of the events are among them."""
    commit = registry.snapshot.commit
    row = connection.execute("SELECT position FROM landed WHERE commit_id = ?", (commit,)).fetchone()
    make(connection, registry.policy.first_stage.name, row[0] if row else None)
    return row is not None


def _run(
    connection: sqlite3.Connection,
    sql: str,
    parameters: Sequence[Value] | Mapping[str, Value],
    problems: int,
) -> Result:
    cursor = connection.execute(sql, parameters)
    if cursor.description is None:
        raise BadCall("the query is empty", hint=_READS_ONLY)
    rows = cursor.fetchmany(MOST_ROWS)
    if cursor.fetchone() is not None:
        raise Refused(f"the query gives more than {MOST_ROWS:,} rows", hint="Add a LIMIT.")
    return Result(tuple(column[0] for column in cursor.description), tuple(rows), problems)


def _explained(error: Exception, limits: Limits) -> BadCall | Refused:
    message = str(error)
    if limits.reason or isinstance(error, MemoryError):
        return Refused(
            limits.reason or "the query took too much memory", hint="Ask for less, or raise --timeout."
        )
    if any(word in message for word in _FORBIDDEN):
        return BadCall(f"the query is not allowed: {message}", hint=f"{_READS_ONLY} {_SCHEMA}")
    missing = _MISSING.fullmatch(message)
    if missing and missing["name"].lower() in OF_EVENTS:
        return no_events()
    hint = _nearest(missing["what"], missing["name"]) if missing else ""
    return BadCall(f"the query is wrong: {message}", hint=f"{hint} {_SCHEMA}".strip())


def no_events() -> Refused:
    """Return the error for a question about events where there are no tags to read them from."""
    return Refused(
        "the audit trail can't be asked here: it is in the tags of a clone, and of a commit",
        hint="Clone the repository, and ask there.",
    )


def _nearest(what: str, name: str) -> str:
    from rollbook.errors import nearest

    if what == "table":
        return nearest(name, [*BY_NAME])
    return nearest(name, list(dict.fromkeys(column.name for view in VIEWS for column in view.columns)))
