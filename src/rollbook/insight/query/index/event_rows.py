# ruff: noqa: S608 (every word of the SQL is written in this package)
"""The events in an index: read from the tags that came or changed since, in the order of main."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.git.objects import ObjectReader
from rollbook.insight.query.index import tables_schema
from rollbook.insight.query.index.history_rows import bring_landed
from rollbook.insight.query.index.rows import moment, text
from rollbook.names import time_text
from rollbook.trail.standing_tags import MAX_TAG
from rollbook.trail.tag import recorded_tag

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.git.repository import Repository
    from rollbook.insight.query.index.target import IndexState
    from rollbook.trail.tag import RecordedTag

_TOGETHER = 500


def bring(connection: sqlite3.Connection, repository: Repository, wanted: IndexState) -> None:
    """Take in the tags that are wanted, and main as far as the commit, in the transaction that is open."""
    if tables_schema.get(connection, "tags") != wanted.tags_digest:
        _bring_tags(connection, repository, wanted.tags)
        tables_schema.put(connection, "tags", wanted.tags_digest)
    if wanted.commit is not None:
        bring_landed(connection, repository, wanted.commit)


def _bring_tags(connection: sqlite3.Connection, repository: Repository, tags: Mapping[str, str]) -> None:
    # A table holds no bytes that are no text.
    listed = {name.encode(errors="replace").decode(): oid for name, oid in tags.items()}
    indexed: dict[str, str] = dict(connection.execute("SELECT name, oid FROM ref"))
    stale_names = [(name,) for name, oid in indexed.items() if listed.get(name) != oid]
    for statement in (
        "DELETE FROM ref WHERE name = ?",
        "DELETE FROM event WHERE tag = ?",
        "DELETE FROM approver WHERE tag = ?",
    ):
        connection.executemany(statement, stale_names)
    new_tags = [(name, oid) for name, oid in listed.items() if indexed.get(name) != oid]
    connection.executemany("INSERT INTO ref VALUES (?, ?)", new_tags)
    reader = ObjectReader(repository)
    try:
        for start in range(0, len(new_tags), _TOGETHER):
            _insert(connection, list(_read(reader, new_tags[start : start + _TOGETHER])))
    finally:
        reader.close()


def _read(reader: ObjectReader, tags: Sequence[tuple[str, str]]) -> Iterator[RecordedTag]:
    for (name, oid), tag_object in zip(
        tags, reader.read_many([oid for _, oid in tags], MAX_TAG), strict=True
    ):
        if tag_object is not None and tag_object.type == "tag" and tag_object.data is not None:
            recorded = recorded_tag(name, oid, tag_object.data)
            if recorded is not None:
                yield recorded


def _insert(connection: sqlite3.Connection, tags: Sequence[RecordedTag]) -> None:
    connection.executemany(f"INSERT INTO event VALUES ({', '.join('?' * 20)})", map(_row, tags))
    connection.executemany(
        "INSERT INTO approver VALUES (?, ?, ?)",
        (
            (tag.name, position, text(person))
            for tag in tags
            for position, person in enumerate(tag.event.approved_by)
        ),
    )


def _row(tag: RecordedTag) -> list[object]:
    event = tag.event
    return [
        tag.name, tag.oid, event.action.value, event.number, event.model, event.version, text(event.start),
        text(event.target), text(event.reason), text(event.requested_by), moment(event.requested_at),
        event.landed_in, _when(tag.recorded_at), tag.commit, text(event.manifest_digest),
        text(event.artifact_digest), text(tag.pull_request), text(tag.previous), text(tag.tagger), tag.signed,
    ]  # fmt: skip


def _when(seconds: int) -> str | None:
    try:
        return time_text(seconds)
    except (ValueError, OverflowError, OSError):  # a date that no calendar has
        return None
