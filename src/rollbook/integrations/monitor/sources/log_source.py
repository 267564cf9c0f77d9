"""Figures out of a log of predictions: SQL over Parquet or CSV files, or a DuckDB database."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rollbook.check.gates.gate import SettingsSchema, ref, setting
from rollbook.integrations.monitor.outcome import Window
from rollbook.integrations.monitor.question import Answer, Figure, Question, SourceFailed
from rollbook.integrations.monitor.sources.figure_documents import caller_of
from rollbook.integrations.monitor.sources.log_query_process import LogQueryProcess
from rollbook.integrations.monitor.sources.logged_rows import TIME, LogColumns, LoggedRows, microseconds
from rollbook.integrations.monitor.sources.source_settings import TIME_LIMIT, seconds_of, source_fields
from rollbook.integrations.monitor.sources.table_files import TableFiles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from rollbook.records.fields import Fields
    from rollbook.records.monitoring import SourceSettings

_MOST_STEPS = 10_000
_MOST_CALLERS = 1_000
COLUMNS = {
    "version_column": setting(
        "Version's column", "Which column names the version; `version` unless set.", "version", **ref("line")
    ),
    "model_column": setting(
        "Model's column", "Which column names the model; `model` unless set.", "model", **ref("line")
    ),
    "model": setting(
        "Model", "The one model of a log that has no such column.", "risk/credit", **ref("line")
    ),
    "time_column": setting(
        "Time's column",
        "Which column says when; `time` unless set. No zone means UTC.",
        "time",
        **ref("line"),
    ),
}


class LogSource:
    """`log: {source: log, path: /var/log/predictions/*.parquet}`"""

    name = "log"
    schema = SettingsSchema(
        "A log of predictions, a row each, in Parquet or CSV files or in a DuckDB database. A check's "
        "`query` is SQL over `predictions`, which are the version's rows in the window; without one, the "
        "mean of the column `metric` is asked.",
        {
            "path": setting(
                "Path", "The file, or a glob of files.", "/var/log/predictions/*.parquet", **ref("line")
            ),
            "table": setting(
                "Table", "Which table of a database; `predictions` unless set.", "predictions", **ref("line")
            ),
            **COLUMNS,
            "time_limit": TIME_LIMIT,
        },
        example={"path": "/var/log/predictions/*.parquet"},
        required=("path",),
    )

    def open(self, settings: SourceSettings) -> OpenLog:
        """Open the log."""
        fields = source_fields(settings)
        seconds = seconds_of(fields)
        files = TableFiles(fields.text("path"), fields.optional_text("table") or "predictions", seconds)
        try:
            rows = LoggedRows(files, log_columns(fields))
            return OpenLog(files, rows, LogQueryProcess(seconds, files.folder))
        except BaseException:
            files.close()
            raise


def log_columns(fields: Fields) -> LogColumns:
    """Read which columns tell of which version, model and time a row is."""
    return LogColumns(
        version=fields.optional_text("version_column") or "version",
        time=fields.optional_text("time_column") or "time",
        model=fields.optional_text("model_column") or "model",
        only_model=fields.optional_text("model"),
    )


class OpenLog:
    """A log of predictions."""

    def __init__(self, files: TableFiles, rows: LoggedRows, queries: LogQueryProcess) -> None:
        self._files = files
        self._rows = rows
        self._queries = queries

    def figures(self, question: Question) -> Answer:
        """Return the one figure of the window, as of its newest row, or one of each caller; none where it has
        no rows."""
        rows = self._of_version(question)
        parts = _by_caller(rows, question.by) if question.by else [("", rows)]
        told = ((caller, self._figure(part, question)) for caller, part in parts)
        figures = [replace(figure, caller=caller) for caller, figure in told if figure]
        figures.sort(key=lambda figure: figure.at)
        return Answer(figures, self._asked(question), self._rows.others(question))

    def series(self, question: Question, step: timedelta) -> Answer:
        """Return the figure of each step, as of its moment, over the rows of the span before it."""
        window = question.window
        if step <= timedelta() or (window.end - window.start) / step > _MOST_STEPS:
            raise SourceFailed(f"more than {_MOST_STEPS} steps", hint="Take a longer step.")
        whole = Question(
            question.model,
            question.version,
            Window(window.start - question.span, window.end),
            question.metric,
            question.query,
        )
        rows = self._of_version(whole)
        moments = rows.column(TIME)
        figures = []
        for moment in _moments(window, step):
            begin, end = (_place(moments, at) for at in (moment - question.span, moment))
            inside = rows.slice(begin, end - begin)
            if figure := self._figure(inside, question):
                figures.append(Figure(figure.metric, figure.value, figure.version, moment, figure.samples))
        return Answer(figures, self._asked(question), self._rows.others(question), is_stepped=True)

    def rows(self, question: Question, columns: Sequence[str]) -> pa.Table:
        """Return the logged rows, oldest first."""
        return self._rows.rows(question, columns)

    def close(self) -> None:
        """Let go of the files."""
        self._queries.close()
        self._files.close()

    def _of_version(self, question: Question) -> pa.Table:
        """Return the version's rows of the window, with the columns that the question needs and `__time`."""
        columns = self._queries.columns(question.query) if question.query else (question.metric,)
        named = [name for name in columns or () if name in self._files.columns]
        if not question.query and not named:
            raise SourceFailed(f"{self._files.name} has no column {question.metric[:80]!r}")
        if question.by and question.by not in self._files.columns:
            raise SourceFailed(f"{self._files.name} has no column {question.by[:80]!r}")
        if question.by and columns is not None:
            named = list(dict.fromkeys([*named, question.by]))
        return self._rows.rows(question, [] if columns is None else named, times=True)

    def _figure(self, rows: pa.Table, question: Question) -> Figure | None:
        """Return the figure of some rows; None without rows, and where it is no finite number."""
        if not rows.num_rows:
            return None
        import pyarrow.compute as pc

        at = datetime.fromtimestamp(pc.max(rows.column(TIME)).as_py() // 1_000_000, UTC)
        if question.query:
            parameters = {
                "model": question.model,
                "version": question.version,
                "window": question.span.total_seconds(),
            }
            value, samples = self._queries.ask(question.query, rows, parameters)
            samples = rows.num_rows if samples is None else samples
        else:
            value, samples = self._mean(rows.column(question.metric))
        at = max(at, question.window.start)  # which the whole second may be just before
        return None if value is None else Figure(question.metric, value, question.version, at, samples)

    def _mean(self, column: pa.ChunkedArray) -> tuple[float | None, int]:
        """Return the mean of what is there, and of how many."""
        import math

        import pyarrow as pa
        import pyarrow.compute as pc

        try:
            value = pc.mean(pc.cast(column, pa.float64())).as_py()
        except pa.ArrowException as error:
            raise SourceFailed(f"{self._files.name}: the column holds no numbers") from error
        there = len(column) - column.null_count
        return (value if value is not None and math.isfinite(value) else None), there

    def _asked(self, question: Question) -> str:
        return question.query or f"avg({question.metric}) of {self._files.name}"


def _by_caller(rows: pa.Table, column: str) -> Iterator[tuple[str, pa.Table]]:
    """Yield each caller that a column names, and its rows; those that name none are of an empty one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        names = pc.fill_null(pc.cast(rows.column(column), pa.string()), "")
    except pa.ArrowException as error:
        raise SourceFailed(f"the column {column[:80]!r} names no callers") from error
    callers = pc.unique(names).to_pylist()
    if len(callers) > _MOST_CALLERS:
        hint = "Take a column with fewer values."
        raise SourceFailed(f"{column[:80]!r} tells more than {_MOST_CALLERS} callers apart", hint=hint)
    for caller in callers:
        yield caller_of(caller), rows.filter(pc.equal(names, caller))


def _place(moments: pa.ChunkedArray, moment: datetime) -> int:
    """Return how many of the moments, which are in order, are before another."""
    return bisect_left(moments, microseconds(moment), key=lambda found: found.as_py())


def _moments(window: Window, step: timedelta) -> Iterator[datetime]:
    moment = window.start
    while moment <= window.end:
        yield moment
        moment += step


SOURCE = LogSource()
