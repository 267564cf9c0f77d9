# ruff: noqa: S608 (every word of the SQL is written in this package)
"""Bringing an index's tables from one tree's files to another's: what changed goes out, and in again."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from rollbook.insight.query.index import tables_schema
from rollbook.insight.query.index.parallel import Job
from rollbook.insight.query.index.row_owner import Indexed, indexed, sort_key
from rollbook.insight.query.index.rows import PROBLEM, READ
from rollbook.layout import Kind
from rollbook.records.evidence import evidence_kind, evidence_number

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from rollbook.insight.query.index.rows import Rows
    from rollbook.insight.query.index.tree_changes import TreeChange

    Read = Callable[[Sequence[Job]], Iterator[tuple[Job, Rows | None]]]

_ROWS_TOGETHER = 10_000

# What a file of each kind has put into the tables, by the id of its model or version.
_REMOVED = {
    Kind.MODEL: [
        "DELETE FROM record WHERE model_id = :model",
        "DELETE FROM model_tag WHERE model_id = :model",
    ],
    Kind.STAGES: [
        "DELETE FROM stage_entry WHERE model_id = :model",
        "DELETE FROM alias WHERE model_id = :model",
    ],
    Kind.MANIFEST: [
        "DELETE FROM manifest WHERE version_id = :version",
        "DELETE FROM metric WHERE version_id = :version",
        "DELETE FROM param WHERE version_id = :version",
        "DELETE FROM content WHERE version_id = :version",
        "DELETE FROM source WHERE version_id = :version",
        "DELETE FROM version_tag WHERE version_id = :version AND origin = 'manifest'",
    ],
    Kind.NOTES: [
        "DELETE FROM notes WHERE version_id = :version",
        "DELETE FROM version_tag WHERE version_id = :version AND origin = 'notes'",
    ],
    Kind.EVIDENCE: [
        "DELETE FROM evidence_metric WHERE evidence_id = (SELECT id FROM evidence"
        " WHERE version_id = :version AND kind = :kind AND number = :number)",
        "DELETE FROM evidence WHERE version_id = :version AND kind = :kind AND number = :number",
    ],
    Kind.REMOVAL: ["DELETE FROM removal WHERE version_id = :version"],
    Kind.POLICY: ["DELETE FROM meta WHERE key = 'first_stage'"],
}
_OF_MODEL = frozenset(["record", "model_tag", "stage_entry", "alias"])


class Tables:
    """The tables of one index, in a transaction that the caller opens and ends."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._models: dict[str, int] = {}
        self._versions: dict[tuple[str, str], int] = {}
        # Versions, as their stages.yaml may write them, whose stage has to be looked up again.
        self._moved: set[tuple[int, str]] = set()
        self._waiting: dict[str, list[list[Any]]] = {}
        self._many = 0

    def apply(self, changes: Iterable[TreeChange], read: Read) -> None:
        """Take in what changed; `read` gives the rows of files."""
        placed = [(change, indexed(change.path)) for change in changes]
        self._count(placed)
        jobs = []
        for change, place in placed:
            if place.kind in READ:
                if change.delta < 1:
                    self._remove(change.path, place)
                if change.oid is not None:
                    jobs.append(Job(change.oid, place.kind, change.path))
        for job, rows in read(jobs):
            self._insert(job, rows or {})
        self._flush()
        self._tidy()

    def _count(self, placed: Sequence[tuple[TreeChange, Indexed]]) -> None:
        """Count the files that make models and versions exist."""
        model_counts: Counter[str] = Counter()
        files: Counter[tuple[str, str]] = Counter()
        for change, place in placed:
            if place.model is not None:
                model_counts[place.model] += change.delta
                if place.version is not None:
                    files[place.model, place.version] += change.delta
        self._connection.executemany(
            "INSERT INTO model (name, held) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET held = held + excluded.held",
            model_counts.items(),
        )
        for name in model_counts:
            self._models[name] = self._one("SELECT id FROM model WHERE name = ?", name)
        self._connection.executemany(
            "INSERT INTO version (model_id, version, sort_key, release, files) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (model_id, sort_key) DO UPDATE SET files = files + excluded.files",
            (
                (self._models[model], version, sort_key(version), "-" not in version, count)
                for (model, version), count in files.items()
            ),
        )
        for model, version in files:
            self._versions[model, version] = self._one(
                "SELECT id FROM version WHERE model_id = ? AND sort_key = ?",
                self._models[model], sort_key(version),
            )  # fmt: skip
        self._moved |= {(self._models[model], version) for model, version in files}

    def _one(self, question: str, *values: object) -> int:
        return int(self._connection.execute(question, values).fetchone()[0])

    def _ids(self, place: Indexed) -> tuple[int | None, int | None]:
        model, version = place.model, place.version
        return (
            self._models[model] if model else None,
            self._versions[model, version] if model and version else None,
        )

    def _remove(self, path: str, place: Indexed) -> None:
        assert place.kind is not None
        model, version = self._ids(place)
        if place.kind is Kind.STAGES:
            self._note_moved(model)
        values: dict[str, object] = {"model": model, "version": version}
        if place.kind is Kind.EVIDENCE:
            values |= {"kind": evidence_kind(path), "number": evidence_number(path)}
        for statement in _REMOVED[place.kind]:
            self._connection.execute(statement, values)
        self._connection.execute("DELETE FROM problem WHERE path = ?", (path,))

    def _note_moved(self, model: int | None) -> None:
        rows = self._connection.execute("SELECT version FROM stage_entry WHERE model_id = ?", (model,))
        self._moved |= {(int(model or 0), version) for (version,) in rows}

    def _insert(self, job: Job, rows: Rows) -> None:
        place = indexed(job.path)
        model, version = self._ids(place)
        for table, some in rows.items():
            if table == PROBLEM:
                start = [job.path, job.kind.value, place.model, place.version]
                self._add(PROBLEM, [[*start, *row] for row in some])
            elif table == "meta":
                tables_schema.put(self._connection, "first_stage", some[0][0])
            elif table == "evidence":
                self._insert_evidence(version, job.path, rows)
            elif table != "evidence_metric":
                owner = model if table in _OF_MODEL else version
                self._add(table, [[owner, *row] for row in some])
        if job.kind is Kind.STAGES:
            self._moved |= {(int(model or 0), row[2]) for row in rows.get("stage_entry", ())}

    def _insert_evidence(self, version: int | None, path: str, rows: Rows) -> None:
        row = [version, evidence_kind(path), evidence_number(path), *rows["evidence"][0]]
        made = self._connection.execute(f"INSERT INTO evidence VALUES (NULL, {_marks(row)})", row)
        self._add("evidence_metric", [[made.lastrowid, *metric] for metric in rows["evidence_metric"]])

    def _add(self, table: str, rows: list[list[Any]]) -> None:
        self._waiting.setdefault(table, []).extend(rows)
        self._many += len(rows)
        if self._many >= _ROWS_TOGETHER:
            self._flush()

    def _flush(self) -> None:
        for table, rows in self._waiting.items():
            if rows:
                # Texts that differ only in what no text can hold are the same here; the last one stays.
                self._connection.executemany(
                    f"INSERT OR REPLACE INTO {table} VALUES ({_marks(rows[0])})", rows
                )
        self._waiting, self._many = {}, 0

    def _tidy(self) -> None:
        """Derive what follows from the rows: which models and versions are gone, which stage a version is
        in.
        """
        execute = self._connection.executemany
        execute("DELETE FROM version WHERE id = ? AND files = 0", ((one,) for one in self._versions.values()))
        execute("DELETE FROM model WHERE id = ? AND held = 0", ((one,) for one in self._models.values()))
        execute(
            "UPDATE version SET stage = (SELECT stage FROM stage_entry AS e WHERE e.model_id = ?1 AND"
            " e.version = ?2 ORDER BY position LIMIT 1) WHERE model_id = ?1 AND sort_key = ?3",
            ((model, version, key) for model, version in self._moved if (key := _key(version))),
        )


def _marks(row: Sequence[object]) -> str:
    return ", ".join("?" * len(row))


def _key(version: str | None) -> str | None:
    """Return the sort key of what a stages.yaml calls a version; None when it is none."""
    try:
        return sort_key(version) if version else None
    except ValueError:
        return None
