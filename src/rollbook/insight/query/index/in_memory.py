"""An index in memory of files that are no git tree, such as those of a working tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.cache import sealed_sqlite
from rollbook.errors import InvalidFile
from rollbook.insight.query.index import tables_schema
from rollbook.insight.query.index.rows import facts, problem
from rollbook.insight.query.index.tables import Tables
from rollbook.insight.query.index.tree_changes import FileChange
from rollbook.layout import ROOT

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from rollbook.insight.query.index.parallel import Job
    from rollbook.insight.query.index.rows import Rows
    from rollbook.snapshot.snapshot import Snapshot

_TOGETHER = 10_000  # files


def of_files(snapshot: Snapshot) -> sqlite3.Connection:
    """The index of a snapshot's files, without events."""
    connection = sealed_sqlite.in_memory()
    connection.execute("BEGIN")
    tables_schema.create(connection)
    # What a job reads is named by its path: there are no ids of contents.
    files = [FileChange(path, path, 1) for path in snapshot.modes(ROOT)]
    Tables(connection).apply(files, lambda jobs: _read(snapshot, jobs))
    connection.execute("COMMIT")
    return connection


def _read(snapshot: Snapshot, jobs: Sequence[Job]) -> Iterator[tuple[Job, Rows | None]]:
    # Together: what stands elsewhere is brought here by question, not by file.
    for start in range(0, len(jobs), _TOGETHER):
        some = jobs[start : start + _TOGETHER]
        try:
            contents = snapshot.read_many([job.path for job in some])
        except InvalidFile:  # one of them is too large
            yield from (_read_one(snapshot, job) for job in some)
        else:
            yield from (
                (job, None if data is None else facts(job.kind, job.path, data))
                for job, data in zip(some, contents, strict=True)
            )


def _read_one(snapshot: Snapshot, job: Job) -> tuple[Job, Rows | None]:
    try:
        (data,) = snapshot.read_many([job.path])
    except InvalidFile as error:
        return job, problem(error)
    return job, None if data is None else facts(job.kind, job.path, data)
