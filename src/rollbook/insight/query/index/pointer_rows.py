"""The pointers to artifacts and attachments in an index, by the path of each."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.artifact.pointer import parse_pointer
from rollbook.errors import InvalidFile
from rollbook.git.changes import EMPTY_TREE
from rollbook.git.objects import ObjectReader
from rollbook.insight.query.index import tables_schema
from rollbook.insight.query.index.row_owner import sort_key
from rollbook.insight.query.index.rows import whole
from rollbook.insight.query.index.tree_changes import changes
from rollbook.layout import Kind
from rollbook.names import is_version
from rollbook.snapshot.snapshot import MAX_FILE
from rollbook.yaml.strict import load

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from rollbook.git.objects import GitObject
    from rollbook.git.repository import Repository
    from rollbook.insight.query.index.tree_changes import TreeChange

_STANDS_FOR = "pointers"  # the tree whose pointers they are
_TOGETHER = 500
_LONGEST_PATH = 400  # bytes; where a snapshot finds no such file either, nobody goes by this row


def stand_for(connection: sqlite3.Connection, tree: str) -> bool:
    """Return whether an index has the pointers of a tree."""
    return tables_schema.get(connection, _STANDS_FOR) == tree


def bring(connection: sqlite3.Connection, repository: Repository, tree: str) -> None:
    """Let the pointers be those of a tree, in the transaction that is open."""
    before = tables_schema.get(connection, _STANDS_FOR)
    moved = (
        change
        for change in changes(repository, str(before or EMPTY_TREE), tree)
        if layout.place(change.path).kind in (Kind.POINTER, Kind.ATTACHMENT)
    )
    reader = ObjectReader(repository)
    try:
        while some := list(islice(moved, _TOGETHER)):
            connection.executemany(
                "DELETE FROM pointer WHERE path = ?", ((_stored(pointer),) for pointer in some)
            )
            there = [pointer for pointer in some if pointer.oid is not None]
            contents = reader.read_many((pointer.oid or "" for pointer in there), MAX_FILE)
            connection.executemany(
                "INSERT INTO pointer VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (row for pointer, blob in zip(there, contents, strict=True) for row in _rows(pointer, blob)),
            )
    finally:
        reader.close()
    tables_schema.put(connection, _STANDS_FOR, tree)


def _rows(change: TreeChange, found: GitObject | None) -> Iterator[tuple[object, ...]]:
    """Yield the row of a version's pointer; without a digest where it can't be read."""
    place = layout.place(change.path)
    if not place.version or not is_version(place.version):
        return
    start = _stored(change), place.model, sort_key(place.version), place.kind is Kind.ATTACHMENT
    is_plain = b"\n" not in start[0] and len(start[0]) <= _LONGEST_PATH
    data = found.data if found and found.type == "blob" and is_plain else None
    try:
        pointer = parse_pointer(load(data or b"", change.path), change.path)
    except InvalidFile:
        yield *start, None, None, None, None
    else:
        yield *start, pointer.path, pointer.md5, whole(pointer.size), whole(pointer.files)


def _stored(change: TreeChange) -> bytes:
    """Return a path as the table has it."""
    return change.path.encode(errors="surrogateescape")
