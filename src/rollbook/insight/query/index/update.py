"""Bringing an index to another tree, or building one.

A tree that is near to an index takes its place, by the difference; one that is far gets a copy of its own, so
that a look into the past does not cost the way back. What was asked longest ago makes room.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from rollbook.cache import sealed_sqlite
from rollbook.cache.file_system import is_shared_by_machines
from rollbook.cache.sealed_sqlite import NotSealed
from rollbook.errors import GitFailed
from rollbook.git.changes import EMPTY_TREE
from rollbook.insight.query.index import event_rows, parallel, tables_schema
from rollbook.insight.query.index.index_files import UNUSABLE
from rollbook.insight.query.index.tables import Tables
from rollbook.insight.query.index.tree_changes import FileChange, changes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rollbook.git.repository import Repository
    from rollbook.insight.query.index.index_files import Shelf
    from rollbook.insight.query.index.target import Wanted

# Changed files up to which an index is brought to another tree where it stands.
NEAR = 2_000


def bring(shelf: Shelf, wanted: Wanted) -> None:
    """Let an index of the shelf become what is wanted. Raises one of UNUSABLE where it can't be written."""
    shelf.folder.mkdir(parents=True, exist_ok=True)
    repository = shelf.repository
    path, between = _nearest(shelf, wanted.tree)
    if path is None:
        target = shelf.next_place()
        sealed_sqlite.publish(target, lambda connection: _build(connection, repository, wanted))
    elif len(between) <= NEAR and not is_shared_by_machines(shelf.folder):
        target = path
        with sealed_sqlite.changing(path) as connection:
            _move(connection, repository, wanted)
    else:
        # Other machines do not see this one's locks: there the file is replaced as a whole.
        target = path if len(between) <= NEAR else shelf.next_place()
        with sealed_sqlite.reading(path) as before:
            sealed_sqlite.publish(target, lambda connection: _copy(before, connection, repository, wanted))
    shelf.note_asked(target)


def in_memory(shelf: Shelf, wanted: Wanted) -> sqlite3.Connection:
    """What is wanted, in memory, begun from the nearest index that can be read."""
    connection = sealed_sqlite.in_memory()
    path, _ = _nearest(shelf, wanted.tree)
    try:
        if path is not None:
            with sealed_sqlite.reading(path) as before:
                _copy(before, connection, shelf.repository, wanted)
            connection.execute("COMMIT")
            return connection
    except UNUSABLE:
        connection.close()
        connection = sealed_sqlite.in_memory()
    _build(connection, shelf.repository, wanted)
    connection.execute("COMMIT")
    return connection


def _nearest(shelf: Shelf, tree: str) -> tuple[Path | None, Sequence[FileChange]]:
    """The index with the least difference to a tree, and the difference; the first that is near will do."""
    best: tuple[Path | None, Sequence[FileChange]] = (None, ())
    for path in shelf.paths():
        between = _difference(path, shelf.repository, tree)
        if between is not None and (best[0] is None or len(between) < len(best[1])):
            best = (path, between)
            if len(between) <= NEAR:
                break
    return best


def _difference(path: Path, repository: Repository, tree: str) -> Sequence[FileChange] | None:
    """What differs between an index's tree and another; None for an index that is not there, or is broken."""
    if not path.exists():
        return None
    try:
        with sealed_sqlite.reading(path) as connection:
            before = str(tables_schema.get(connection, "tree"))
        return changes(repository, before, tree)
    except (NotSealed, GitFailed):  # not to be believed, or of a tree that git has thrown away
        sealed_sqlite.discard(path)
    except (sqlite3.Error, OSError):
        pass
    return None


def _build(connection: sqlite3.Connection, repository: Repository, wanted: Wanted) -> None:
    connection.execute("BEGIN")
    tables_schema.create(connection)
    tables_schema.put(connection, "tree", EMPTY_TREE)
    _move(connection, repository, wanted)


def _copy(
    before: sqlite3.Connection, connection: sqlite3.Connection, repository: Repository, wanted: Wanted
) -> None:
    before.backup(connection)
    connection.execute("BEGIN")
    _move(connection, repository, wanted)


def _move(connection: sqlite3.Connection, repository: Repository, wanted: Wanted) -> None:
    """Bring an index's tables to what is wanted, in the transaction that is open."""
    before = str(tables_schema.get(connection, "tree"))
    if before != wanted.tree:
        between = changes(repository, before, wanted.tree)
        Tables(connection).apply(between, lambda jobs: parallel.read(repository, jobs))
        tables_schema.put(connection, "tree", wanted.tree)
    if wanted.commit is not None:
        event_rows.bring(connection, repository, wanted)
