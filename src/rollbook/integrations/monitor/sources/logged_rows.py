# ruff: noqa: S608 (names are quoted as identifiers, values are parameters)
"""Logged predictions, row by row: those of one version in one window, column by column.

A log has rows of all models as they came. Asked version by version, all of it would be read each time; so
each column is read once, put in the order of models, versions and times, and kept beside in one batch a
version. Then a version's rows are a few reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall
from rollbook.integrations.monitor.outcome import Window
from rollbook.integrations.monitor.question import SourceFailed
from rollbook.integrations.monitor.sources.table_files import identifier
from rollbook.names import normalise_version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from rollbook.integrations.monitor.question import Question
    from rollbook.integrations.monitor.sources.table_files import TableFiles

_MOST_ROWS, _MOST_VERSIONS = 20_000_000, 50_000
_TOGETHER = 8_000_000  # values that are put in order at once
_MOST_COLUMNS = 8  # the same, in columns
_MOST_VALUES = 100_000_000  # of one answer
TIME = "__time"


@dataclass(frozen=True, slots=True)
class LogColumns:
    """Which columns say of which version a row is, of which model, and of when. Without a column of models,
    all rows are of `only_model`."""

    version: str
    time: str
    model: str
    only_model: str = ""


class LoggedRows:
    """The rows of a table that logs predictions."""

    def __init__(self, files: TableFiles, columns: LogColumns) -> None:
        """Take a table. Raises SourceFailed where it lacks a column that is needed."""
        self._files = files
        self._columns = columns
        self._sorted: _Sorted | None = None
        needed = [columns.version, columns.time, *([] if columns.only_model else [columns.model])]
        for name in needed:
            if name not in files.columns:
                there = ", ".join(list(files.columns)[:20])
                hint = f"There is: {there}. A log of one model says so by `model`."
                raise SourceFailed(f"{files.name} has no column {name!r}", hint=hint)
        kind = files.columns[columns.time]
        if not kind.startswith(("TIMESTAMP", "DATE")):
            raise SourceFailed(f"{files.name}: {columns.time} is no time, but {kind[:40]}")

    @property
    def names(self) -> list[str]:
        """The columns besides those that say which row it is."""
        own = {self._columns.version, self._columns.time, self._columns.model, "filename"}
        return [name for name in self._files.columns if name not in own]

    def rows(self, question: Question, columns: Sequence[str], times: bool = False) -> pa.Table:
        """Return a version's rows in the question's window, oldest first: those of `columns` that there are,
        all where none is named; with `times` their times too, in microseconds since 1970, as `__time`.

        Raises SourceFailed.
        """
        wanted = [name for name in columns if name in self._files.columns] if columns else self.names
        ordered = self._covering(question.window)
        places = ordered.places(question.model, question.version)
        return ordered.cut(places, question.window, [*wanted, *([TIME] if times else [])], times)

    def others(self, question: Question) -> tuple[str, ...]:
        """Return which other versions of the model have rows in the window that was read."""
        known = self._covering(question.window).versions(question.model)
        return tuple(sorted(known - {question.version}))

    def _covering(self, window: Window) -> _Sorted:
        """Return the rows of a time that has the window in it."""
        known = self._sorted
        if known is None or window.start < known.window.start or window.end > known.window.end:
            if known is not None:
                window = Window(min(window.start, known.window.start), max(window.end, known.window.end))
            self._sorted = known = _Sorted(self._files, self._columns, window)
        return known


class _Sorted:
    """All rows of a window, by model, version and time; each column as soon as it is asked for."""

    def __init__(self, files: TableFiles, columns: LogColumns, window: Window) -> None:
        self.window = window
        self._files = files
        self._columns = columns
        self._readers: dict[str, Any] = {}
        self._model = "''" if columns.only_model else f"CAST({identifier(columns.model)} AS VARCHAR)"
        self._version = f"CAST({identifier(columns.version)} AS VARCHAR)"
        keys = f"{self._model} AS model, {self._version} AS version"
        groups = self._ask(f"SELECT {keys}, count(*) AS rows FROM", "GROUP BY ALL ORDER BY ALL")
        self._counts: list[int] = groups.column("rows").to_pylist()
        if sum(self._counts) > _MOST_ROWS or len(self._counts) > _MOST_VERSIONS:
            message = f"{files.name}: {sum(self._counts):,} rows in the window are too many"
            raise SourceFailed(message, hint="Take a smaller window.")
        self._places: dict[tuple[str, str], list[int]] = {}
        models, versions = groups.column("model").to_pylist(), groups.column("version").to_pylist()
        for place, (model, version) in enumerate(zip(models, versions, strict=True)):
            self._places.setdefault((columns.only_model or model, _version_of(version)), []).append(place)
        numbered = f"SELECT row_number() OVER () - 1 AS place, {keys}, {self._moment} AS moment FROM"
        order = f"SELECT place FROM ({self._sql(numbered)}) ORDER BY model, version, moment, place"
        self._order = files.ask(order, self._parameters).column(0).combine_chunks()

    def places(self, model: str, version: str) -> list[int]:
        """Return which batches are a version's: one for each way in which the log writes it."""
        return self._places.get((model, version), [])

    def versions(self, model: str) -> set[str]:
        """Return the versions of a model that have rows."""
        return {version for named, version in self._places if named == model}

    def cut(self, places: Sequence[int], window: Window, names: Sequence[str], times: bool) -> pa.Table:
        """Return columns of some batches, within a window that is no longer than what was read."""
        import pyarrow as pa
        import pyarrow.compute as pc

        is_part = window != self.window
        is_mixed = len(places) > 1
        needed = list(dict.fromkeys([*names, *([TIME] if is_part or is_mixed or times else [])]))
        if sum(self._counts[place] for place in places) * len(needed) > _MOST_VALUES:
            message = f"{self._files.name}: more than {_MOST_VALUES:,} values of one version"
            raise SourceFailed(message, hint="Take a smaller window.")
        self._load([name for name in needed if name not in self._readers])
        parts = [self._batch(place, needed) for place in places]
        table = pa.concat_tables(parts) if parts else self._empty(needed)
        if is_part:
            moments = table.column(TIME)
            begins = pc.greater_equal(moments, microseconds(window.start))
            table = table.filter(pc.and_(begins, pc.less(moments, microseconds(window.end))))
        if is_mixed:
            table = table.sort_by(TIME)
        return table.select(list(names))

    def _load(self, names: Sequence[str]) -> None:
        """Read columns, put them in order, and keep them in a file: a batch a version."""
        together = max(1, min(_MOST_COLUMNS, _TOGETHER // max(1, len(self._order))))
        for start in range(0, len(names), together):
            self._load_together(names[start : start + together])

    def _load_together(self, names: Sequence[str]) -> None:
        import pyarrow as pa

        told = ", ".join(f"{self._moment} AS {TIME}" if name == TIME else identifier(name) for name in names)
        table = self._ask(f"SELECT {told} FROM", "")
        if table.num_rows != len(self._order):
            raise SourceFailed(f"{self._files.name} changed while it was read")
        path = self._files.folder / f"{id(self)}-{len(self._readers)}.arrow"
        try:
            table = pa.table({name: table.column(name).combine_chunks().take(self._order) for name in names})
            start = 0
            with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
                for count in self._counts:
                    writer.write_batch(table.slice(start, count).combine_chunks().to_batches()[0])
                    start += count
            reader = pa.ipc.open_file(pa.OSFile(str(path)))
        except (pa.ArrowException, OSError) as error:
            raise SourceFailed(f"{self._files.name}: {str(error)[:200]}") from error
        self._readers.update(dict.fromkeys(names, reader))

    def _batch(self, place: int, names: Sequence[str]) -> pa.Table:
        import pyarrow as pa

        batches = {reader: reader.get_batch(place) for reader in {self._readers[name] for name in names}}
        return pa.table({name: batches[self._readers[name]].column(name) for name in names})

    def _empty(self, names: Sequence[str]) -> pa.Table:
        import pyarrow as pa

        schemas = {name: self._readers[name].schema.field(name) for name in names}
        return pa.schema(list(schemas.values())).empty_table()

    @property
    def _moment(self) -> str:
        kind = self._files.columns[self._columns.time]
        column = identifier(self._columns.time)
        return f"epoch_us({column if kind.startswith('TIMESTAMP') else f'CAST({column} AS TIMESTAMP)'})"

    def _ask(self, select: str, ending: str) -> pa.Table:
        return self._files.ask(f"{self._sql(select)} {ending}", self._parameters)

    def _sql(self, select: str) -> str:
        time = identifier(self._columns.time)
        known = f"{self._version} IS NOT NULL AND {self._model} IS NOT NULL"
        return f"{select} {self._files.relation} WHERE {time} >= $start AND {time} < $end AND {known}"

    @property
    def _parameters(self) -> Mapping[str, object]:
        """The window as the log writes times: without a zone, UTC is meant."""
        has_zone = "TIME ZONE" in self._files.columns[self._columns.time]
        start, end = self.window.start.astimezone(UTC), self.window.end.astimezone(UTC)
        return {"start": start, "end": end} if has_zone else {"start": _bare(start), "end": _bare(end)}


def _bare(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def _version_of(text: str) -> str:
    """Return a version as the registry writes it; what is none stays as it is, and is nobody's."""
    try:
        return normalise_version(text)
    except BadCall:
        return text


def microseconds(moment: datetime) -> int:
    """Return a moment as the log's times are kept, without the rounding of a float."""
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
