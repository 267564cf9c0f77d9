"""Reading very many files: several processes, each with a git of its own, each taking a share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from queue import Queue
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

from rollbook.git.objects import ObjectReader
from rollbook.insight.query.index.rows import Rows, facts, problem
from rollbook.snapshot.snapshot import MAX_FILE, too_large

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from rollbook.git.repository import Repository
    from rollbook.layout import Kind

# Below so many files, starting processes costs more than they save.
_WORTHWHILE = 5_000
_MOST = 8
# Files held at once; each has at most 1 MiB.
_TOGETHER = 64
_WAITING = 2_000  # rows' lines that wait to be taken up


class Job(NamedTuple):
    """A file to read: the id of its content, what it is, and its path."""

    oid: str
    kind: Kind
    path: str


def read(repository: Repository, jobs: Sequence[Job]) -> Iterator[tuple[Job, Rows | None]]:
    """Each file's rows; None where there is no such content. In any order."""
    shares = min(_MOST, os.cpu_count() or 1)
    if len(jobs) < _WORTHWHILE or shares == 1 or not sys.executable:
        yield from read_here(repository, jobs)
    else:
        yield from _read_by_processes(repository, jobs, shares)


def read_here(repository: Repository, jobs: Sequence[Job]) -> Iterator[tuple[Job, Rows | None]]:
    """Each file's rows, read by this process, in order."""
    reader = ObjectReader(repository)
    try:
        for start in range(0, len(jobs), _TOGETHER):
            some = jobs[start : start + _TOGETHER]
            for job, found in zip(some, reader.read_many([job.oid for job in some], MAX_FILE), strict=True):
                if found is None or found.type != "blob":
                    yield job, None
                elif found.data is None:
                    yield job, problem(too_large(job.path, found.size))
                else:
                    yield job, facts(job.kind, job.path, found.data)
    finally:
        reader.close()


class _Share:
    """The files that one process reads, and how many of them it has answered."""

    def __init__(self, directory: Path, jobs: Sequence[Job], answers: Queue[tuple[_Share, bytes]]) -> None:
        self.jobs = jobs
        self.done = 0
        with tempfile.TemporaryFile() as asked:
            asked.writelines(f"{job.oid} {job.kind.value} {job.path}\n".encode() for job in jobs)
            asked.seek(0)
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "rollbook.insight.query.index.worker", str(directory)],
                stdin=asked,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        self._answers = answers
        self.thread = Thread(target=self._listen, daemon=True)
        self.thread.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._answers.put((self, line))
        self._answers.put((self, b""))

    def expects(self, line: bytes) -> bool:
        """Whether a line is the next answer, whole; what a broken process prints is none."""
        if self.done == len(self.jobs) or not line.endswith(b"\n"):
            return False
        return line.startswith(f"{self.jobs[self.done].oid}\t".encode())

    def rest(self) -> Sequence[Job]:
        """What the process, which has ended, did not answer."""
        return self.jobs[self.done :]


def _read_by_processes(
    repository: Repository, jobs: Sequence[Job], shares: int
) -> Iterator[tuple[Job, Rows | None]]:
    answers: Queue[tuple[_Share, bytes]] = Queue(_WAITING)
    size = -(-len(jobs) // shares)
    starts = range(0, len(jobs), size)
    working = [_Share(repository.directory, jobs[start : start + size], answers) for start in starts]
    running = len(working)
    try:
        while running:
            share, line = answers.get()
            if not line:
                running -= 1
            elif share.expects(line):
                yield share.jobs[share.done], json.loads(line.partition(b"\t")[2])
                share.done += 1
        for share in working:  # nothing, unless a process could not be started or was killed
            yield from read_here(repository, share.rest())
    finally:
        _end(working, answers)


def _end(working: Iterable[_Share], answers: Queue[tuple[_Share, bytes]]) -> None:
    for share in working:
        share.process.kill()
    while any(share.thread.is_alive() for share in working):
        while not answers.empty():  # or the threads would wait for room for ever
            answers.get_nowait()
        for share in working:
            share.thread.join(0.01)
    for share in working:
        share.process.wait()
        if share.process.stdout is not None:
            share.process.stdout.close()
