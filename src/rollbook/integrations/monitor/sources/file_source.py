# ruff: noqa: S608 (names are of this module, values are parameters)
"""Figures in a file that something else writes: JSON, or a table in CSV or Parquet; or logged rows there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.check.gates.gate import SettingsSchema, ref, setting
from rollbook.integrations.monitor.question import SourceFailed
from rollbook.integrations.monitor.sources.figure_documents import (
    LONGEST,
    MOST_FIGURES,
    figures_in,
    parsed,
)
from rollbook.integrations.monitor.sources.log_source import COLUMNS, log_columns
from rollbook.integrations.monitor.sources.logged_rows import LoggedRows
from rollbook.integrations.monitor.sources.regular_files import fingerprint, read_regular, regular_files
from rollbook.integrations.monitor.sources.source_settings import TIME_LIMIT, seconds_of, source_fields
from rollbook.integrations.monitor.sources.table_files import TABULAR, TableFiles
from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import timedelta
    from typing import Any

    import pyarrow as pa

    from rollbook.integrations.monitor.question import Answer, Question
    from rollbook.records.fields import Fields
    from rollbook.records.monitoring import SourceSettings

_FIGURE = ("metric", "value", "version", "at", "samples", "model")


class FileSource:
    """`live: {source: file, path: /var/lib/metrics/models.json}`"""

    name = "file"
    schema = SettingsSchema(
        "A file that something else writes: figures as JSON, or as a table (CSV, Parquet) with the columns "
        "metric, value and version, and perhaps at, samples and model. A table of logged predictions, a row "
        "each, says so by `time_column`.",
        {
            "path": setting(
                "Path",
                "Where the file stands; of tables a glob too.",
                "/var/lib/metrics/models.json",
                **ref("line"),
            ),
            **COLUMNS,
            "time_limit": TIME_LIMIT,
        },
        example={"path": "/var/lib/metrics/models.json"},
        required=("path",),
    )

    def open(self, settings: SourceSettings) -> OpenFile:
        """Open the source; the file is read when it is asked."""
        return OpenFile(source_fields(settings))


class OpenFile:
    """A file of figures, or of rows. A table stays open from the first question on."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._pattern = fields.text("path")
        self._seconds = seconds_of(fields)
        self._is_table = Path(self._pattern).suffix.lower() in TABULAR
        self._table: TableFiles | None = None
        self._rows: LoggedRows | None = None

    def figures(self, question: Question) -> Answer:
        """Return the figures of the version. One without a time is of when its file was written last."""
        name = printable(self._pattern)
        if self._is_table:
            return figures_in(self._tabled(question), question, name, None)
        data, state = read_regular(Path(self._pattern), LONGEST)
        return figures_in(parsed(data, name), question, name, datetime.fromtimestamp(state.modified, UTC))

    def series(self, question: Question, step: timedelta) -> Answer:
        """Return the figures that the file has of the version, at their own times."""
        return self.figures(question)

    def rows(self, question: Question, columns: Sequence[str]) -> pa.Table:
        """Return the logged rows, oldest first."""
        if not self._is_table or not self._fields.has("time_column"):
            hint = "Rows are told by a table, whose settings name a `time_column`."
            raise SourceFailed(f"{printable(self._pattern)} holds figures, no rows", hint=hint)
        if self._rows is None:
            self._rows = LoggedRows(self._opened(), log_columns(self._fields))
        return self._rows.rows(question, columns)

    def close(self) -> None:
        """Let go of the table."""
        if self._table is not None:
            self._table.close()

    def _opened(self) -> TableFiles:
        if self._table is None:
            self._table = TableFiles(self._pattern, "figures", self._seconds, filename=True)
        return self._table

    def _tabled(self, question: Question) -> Iterator[Mapping[str, Any]]:
        """Yield the figures of the metric that a table tells, as a document would."""
        table = self._opened()
        missing = [name for name in ("metric", "value", "version") if name not in table.columns]
        if missing:
            there = ", ".join(list(table.columns)[:20])
            raise SourceFailed(f"{table.name} has no column {missing[0]!r}", hint=f"There is: {there}.")
        told = [_told(name, table.columns) for name in (*_FIGURE, "filename") if name in table.columns]
        found = table.ask(
            f"SELECT {', '.join(told)} FROM {table.relation} WHERE CAST(metric AS VARCHAR) = $metric "
            f"LIMIT {MOST_FIGURES + 1}",
            {"metric": question.metric},
        )
        if found.num_rows > MOST_FIGURES:
            raise SourceFailed(f"{table.name} holds more than {MOST_FIGURES:,} figures of one metric")
        for row in found.to_pylist():
            written = row.pop("filename", None)
            if row.get("at") is None:
                state = fingerprint(Path(written) if written else regular_files(self._pattern)[0])
                row["at"] = datetime.fromtimestamp(state.modified, UTC).isoformat()
            yield row


def _told(name: str, columns: Mapping[str, str]) -> str:
    """Return the SQL of one field of a figure, as a document has it: times as text, decimals as numbers."""
    if name == "at":
        is_time = columns[name].startswith("TIMESTAMP")
        return (
            'strftime("at", \'%Y-%m-%dT%H:%M:%S.%fZ\') AS "at"'
            if is_time
            else 'CAST("at" AS VARCHAR) AS "at"'
        )
    if name == "value" and columns[name] not in ("VARCHAR", "BOOLEAN"):
        return "CAST(value AS DOUBLE) AS value"
    if name == "samples" and columns[name] in ("DOUBLE", "FLOAT"):  # counts among which some are missing
        return "TRY_CAST(samples AS BIGINT) AS samples"
    return name if name in ("value", "samples") else f"CAST({name} AS VARCHAR) AS {name}"


SOURCE = FileSource()
