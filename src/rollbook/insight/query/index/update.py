"""Bringing an index to another tree, or building one.

A tree that is near to an index takes its place, by the difference; one that is far gets a copy of its own, so
that a look into the past does not cost the way back. What was asked longest ago makes room.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.errors import GitFailed, InvalidFile
from rollbook.git.changes import EMPTY_TREE
from rollbook.insight.query.index import event_rows, history_rows, parallel, pointer_rows, tables_schema
from rollbook.insight.query.index.index_files import (
    UNUSABLE,
    NotWhole,
    discard,
    index_in_memory,
    publish,
    reading,
    taking_over,
)
from rollbook.insight.query.index.rows import facts, problem
from rollbook.insight.query.index.tables import Tables
from rollbook.insight.query.index.tree_changes import TreeChange, changes
from rollbook.layout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rollbook.git.repository import Repository
    from rollbook.insight.query.index.index_files import Shelf
    from rollbook.insight.query.index.parallel import Job
    from rollbook.insight.query.index.rows import Rows
    from rollbook.insight.query.index.target import IndexState
    from rollbook.snapshot.snapshot import Snapshot

# Changed files up to which an index is brought to another tree where it stands.
NEAR = 2_000
_TOGETHER = 10_000  # files


def bring(shelf: Shelf, wanted: IndexState) -> None:
    """Let an index of the shelf become what is wanted. Raises one of UNUSABLE where it can't be written."""
    shelf.folder.mkdir(parents=True, exist_ok=True)
    repository = shelf.repository
    path, between = _nearest(shelf, wanted.tree)
    if path is None:
        publish(shelf.folder, wanted.tree, lambda connection: _build(connection, repository, wanted))
    elif len(between) <= NEAR and not is_shared_by_machines(shelf.folder):
        with taking_over(path, wanted.tree) as connection:
            _move(connection, repository, wanted)
    else:
        # Other machines do not see this one's locks: there the file is replaced as a whole.
        with reading(path) as before:
            made = publish(
                shelf.folder, wanted.tree, lambda connection: _copy(before, connection, repository, wanted)
            )
        if len(between) <= NEAR and made != path:
            discard(path)
    shelf.make_room()


def in_memory(shelf: Shelf, wanted: IndexState) -> sqlite3.Connection:
    """Return what is wanted, in memory, begun from the nearest index that can be read."""
    connection = index_in_memory()
    path, _ = _nearest(shelf, wanted.tree)
    try:
        if path is not None:
            with reading(path) as before:
                _copy(before, connection, shelf.repository, wanted)
            connection.execute("COMMIT")
            return connection
    except UNUSABLE:
        connection.close()
        connection = index_in_memory()
    _build(connection, shelf.repository, wanted)
    connection.execute("COMMIT")
    return connection


def _nearest(shelf: Shelf, tree: str) -> tuple[Path | None, Sequence[TreeChange]]:
    """Return the index with the least difference to a tree, and the difference; the first that is near will
    do.
    """
    best: tuple[Path | None, Sequence[TreeChange]] = (None, ())
    for path in shelf.paths():
        between = _difference(path, shelf.repository, tree)
        if between is not None and (best[0] is None or len(between) < len(best[1])):
            best = (path, between)
            if len(between) <= NEAR:
                break
    return best


def _difference(path: Path, repository: Repository, tree: str) -> Sequence[TreeChange] | None:
    """Return what differs between an index's tree and another; None for an index that is not there, or is
    broken.
    """
    if not path.exists():
        return None
    try:
        with reading(path) as connection:
            before = str(tables_schema.get(connection, "tree"))
        return changes(repository, before, tree)
    except (NotWhole, GitFailed):  # not to be believed, or of a tree that git has thrown away
        discard(path)
    except (sqlite3.Error, OSError):
        pass
    return None


def _build(connection: sqlite3.Connection, repository: Repository, wanted: IndexState) -> None:
    connection.execute("BEGIN")
    tables_schema.create(connection)
    tables_schema.put(connection, "tree", EMPTY_TREE)
    _move(connection, repository, wanted)
    tables_schema.complete(connection)


def _copy(
    before: sqlite3.Connection, connection: sqlite3.Connection, repository: Repository, wanted: IndexState
) -> None:
    before.backup(connection)
    connection.execute("BEGIN")
    _move(connection, repository, wanted)


def _move(connection: sqlite3.Connection, repository: Repository, wanted: IndexState) -> None:
    """Bring an index's tables to what is wanted, in the transaction that is open."""
    before = str(tables_schema.get(connection, "tree"))
    if before != wanted.tree:
        between = changes(repository, before, wanted.tree)
        Tables(connection).apply(between, lambda jobs: parallel.read(repository, jobs))
        tables_schema.put(connection, "tree", wanted.tree)
    if wanted.pointers:
        pointer_rows.bring(connection, repository, wanted.tree)
    if wanted.history is not None:
        history_rows.bring(connection, repository, wanted.history)
    if wanted.commit is not None:
        event_rows.bring(connection, repository, wanted)


# --- what is no tree of git -------------------------------------------------------------------------------


def of_files(snapshot: Snapshot) -> sqlite3.Connection:
    """Return the index, in memory, of files such as those of a working tree, without events."""
    connection = index_in_memory()
    connection.execute("BEGIN")
    tables_schema.create(connection)
    # What a job reads is named by its path: there are no ids of contents.
    files = [TreeChange(path, path, 1) for path in snapshot.modes(ROOT)]
    Tables(connection).apply(files, lambda jobs: _read(snapshot, jobs))
    tables_schema.complete(connection)
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


# --- file systems, as Linux tells them (https://man7.org/linux/man-pages/man5/proc.5.html) ----------------

_MOUNTS = Path("/proc/self/mountinfo")
# File systems that several machines may write to at once.
_SHARED = frozenset(
    [
        "9p", "afs", "beegfs", "ceph", "cifs", "fuse.ceph", "fuse.glusterfs", "fuse.sshfs", "gfs2",
        "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "smb3", "smbfs",
        "virtiofs",
    ]
)  # fmt: skip


def is_shared_by_machines(folder: Path) -> bool:
    """Return whether other machines may write to the folder as well. False where that can't be told."""
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return False
    return file_system_of(mounts, folder.resolve()) in _SHARED


def file_system_of(mounts: str, folder: Path) -> str:
    """Return the type of a folder's file system, by a `mountinfo`; empty where that does not tell."""
    best, kind = "", ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 5 or not after:
            continue
        point = _unescaped(fields[4])
        # Of several at one place, the last covers the others.
        if len(point) >= len(best) and (folder == Path(point) or Path(point) in folder.parents):
            best, kind = point, after.split(" ")[0]
    return kind


def _unescaped(text: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text
