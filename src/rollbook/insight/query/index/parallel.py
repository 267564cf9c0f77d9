"""Reading the files of the index: very many by several processes, each with a git of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rollbook.git.objects import ObjectReader
from rollbook.git.repository import discover
from rollbook.insight.query.index.rows import facts, problem
from rollbook.layout import Kind
from rollbook.snapshot.snapshot import MAX_FILE, too_large
from rollbook.snapshot.workers import processors, spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rollbook.git.repository import Repository
    from rollbook.insight.query.index.rows import Rows

# Below so many files, starting processes costs more than they save.
WORTHWHILE = 5_000
# Files held at once; each has at most 1 MiB.
_TOGETHER = 64


class Job(NamedTuple):
    """A file to read: the id of its content, what it is, and its path."""

    oid: str
    kind: Kind
    path: str


def read(repository: Repository, jobs: Sequence[Job]) -> Iterator[tuple[Job, Rows | None]]:
    """Yield each file's rows; None where there is no such content. In any order."""
    processes = processors() if len(jobs) >= WORTHWHILE else 1
    plain = [(job.oid, job.kind.value, job.path) for job in jobs]
    for (oid, kind, path), rows in spread(read_share, str(repository.directory), plain, processes):
        yield Job(oid, Kind(kind), path), rows


def read_share(directory: str, jobs: Sequence[tuple[str, str, str]]) -> Iterator[Rows | None]:
    """Yield each file's rows, in order; None where there is no such content."""
    reader = ObjectReader(discover(Path(directory)))
    try:
        for start in range(0, len(jobs), _TOGETHER):
            some = jobs[start : start + _TOGETHER]
            contents = reader.read_many([oid for oid, *_ in some], MAX_FILE)
            for (_, kind, path), blob in zip(some, contents, strict=True):
                if blob is None or blob.type != "blob":
                    yield None
                elif blob.data is None:
                    yield problem(too_large(path, blob.size))
                else:
                    yield facts(Kind(kind), path, blob.data)
    finally:
        reader.close()
