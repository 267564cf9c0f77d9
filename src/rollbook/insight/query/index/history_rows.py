"""What main's history tells of versions, in an index: each commit's place and time, and what it did to which.

Told by main itself, not by tags; it goes on from the commit that was reached before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.git.main_history import back_from
from rollbook.insight.query.index import tables_schema
from rollbook.insight.query.index.row_owner import sort_key
from rollbook.layout import Kind
from rollbook.names import alias_of, is_version
from rollbook.trail.derive import Progress, derive
from rollbook.trail.event import Action
from rollbook.trail.landings import landed_changes

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from rollbook.git.repository import Repository
    from rollbook.trail.event import Event
    from rollbook.trail.landings import LandedChange

_REACHED = "history"  # the place of the last commit whose changes are in `happened`
_TOUCHED = {Kind.EVIDENCE: "evidence", Kind.NOTES: "notes", Kind.CARD: "card"}
_REGISTERED, _REMOVED = Action.REGISTERED.value, Action.REMOVED.value


def reaches(connection: sqlite3.Connection, commit: str) -> bool:
    """Return whether an index has what main's history tells up to a commit."""
    place = _landed(connection, commit)
    return place is not None and place[0] <= _reached(connection)


def bring(connection: sqlite3.Connection, repository: Repository, commit: str) -> None:
    """Take in what main's history tells up to a commit, in the transaction that is open."""
    bring_landed(connection, repository, commit)
    if reaches(connection, commit):
        return
    changes = _changes(connection, repository, commit)
    landed = _all_landed(connection, changes)
    if len(landed) < len(changes):
        # It was begun in a clone that was shallow then.
        connection.execute("DELETE FROM landed")
        _forget_after(connection, -1)
        bring_landed(connection, repository, commit)
        changes = _changes(connection, repository, commit)
        landed = _all_landed(connection, changes)
    models = {file.place.model for change in changes for file in change.files if file.place.model}
    events: dict[str, list[Event]] = {}
    for event in derive(repository, changes, _progress(connection, models), with_manifests=False):
        events.setdefault(event.landed_in, []).append(event)
    connection.executemany(
        "INSERT INTO happened VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (model, key, landed[change.commit][0], place, landed[change.commit][1], *row)
            for change in changes
            for place, (model, key, *row) in enumerate(_rows(change, events.get(change.commit, ())))
        ),
    )
    position, _ = _landed(connection, commit) or (-1, 0)
    tables_schema.put(connection, _REACHED, position)


def _rows(change: LandedChange, events: Sequence[Event]) -> Iterator[tuple[object, ...]]:
    """Yield what a change did to versions, as `happened` has it: the files that came or changed, and then the
    events."""
    for file in change.files:
        place = file.place
        if place.kind in _TOUCHED and place.model and place.version and is_version(place.version):
            key = sort_key(place.version)
            yield place.model, key, _TOUCHED[place.kind], place.version, None, None, None, None
    for event in events:
        what = {
            Action.ASSIGNED: f"put into {event.target}",
            Action.UNASSIGNED: f"taken out of {event.start}",
            Action.ALIAS_SET: f"given the alias {alias_of(event.target)}",
            Action.ALIAS_REMOVED: f"taken the alias {alias_of(event.start)} off",
        }
        # What moves no version names the alias in any case.
        target = event.start if event.action is Action.ALIAS_REMOVED else event.target
        yield (
            event.model, sort_key(event.version), what.get(event.action, event.action.value), event.version,
            event.number, target, event.recorded_at, event.commit,
        )  # fmt: skip


def _changes(connection: sqlite3.Connection, repository: Repository, commit: str) -> list[LandedChange]:
    reached = _reached(connection)
    row = connection.execute("SELECT commit_id FROM landed WHERE position = ?", (reached,)).fetchone()
    return landed_changes(repository, commit, row[0] if row else None)


def _progress(connection: sqlite3.Connection, models: Iterable[str]) -> dict[str, Progress]:
    """Return how far each of these models had come."""
    come: dict[str, Progress] = {}
    for model in models:
        for version, what, number, recorded_at, commit in connection.execute(
            "SELECT version, what, number, recorded_at, commit_id FROM happened"
            " WHERE model = ? AND number IS NOT NULL",
            (model,),
        ):
            progress = come.setdefault(model, Progress())
            progress.number = max(progress.number, number)
            progress.recorded_at = max(progress.recorded_at, recorded_at)
            if what == _REGISTERED:
                progress.registered_in[version] = commit
            elif what == _REMOVED:
                progress.removed.add(version)
    return come


def _reached(connection: sqlite3.Connection) -> int:
    reached = tables_schema.get(connection, _REACHED)
    return reached if isinstance(reached, int) else -1


def _landed(connection: sqlite3.Connection, commit: str) -> tuple[int, int] | None:
    """Return the place and the time of a commit of main."""
    row: tuple[int, int] | None = connection.execute(
        "SELECT position, at FROM landed WHERE commit_id = ?", (commit,)
    ).fetchone()
    return row


def _all_landed(
    connection: sqlite3.Connection, changes: Iterable[LandedChange]
) -> dict[str, tuple[int, int]]:
    """Return the place and the time of each commit of these that is known to be main's."""
    commits = (change.commit for change in changes)
    return {commit: place for commit in commits if (place := _landed(connection, commit)) is not None}


def bring_landed(connection: sqlite3.Connection, repository: Repository, commit: str) -> None:
    """Note the first-parent commits that lead to `commit`, after those that are noted already."""
    position, at = -1, 0
    new_commits: list[tuple[str, int]] = []
    for oid, seconds in back_from(repository, commit):
        landing = _landed(connection, oid)
        if landing is not None:
            position, at = landing
            break
        new_commits.append((oid, seconds))
    if not new_commits:
        return  # main is further than that already
    connection.execute("DELETE FROM landed WHERE position > ?", (position,))
    _forget_after(connection, position)
    rows = []
    for oid, seconds in reversed(new_commits):
        position, at = position + 1, max(at, seconds)
        rows.append((oid, position, at))
    connection.executemany("INSERT INTO landed VALUES (?, ?, ?)", rows)


def _forget_after(connection: sqlite3.Connection, position: int) -> None:
    if _reached(connection) > position:
        connection.execute("DELETE FROM happened WHERE position > ?", (position,))
        tables_schema.put(connection, _REACHED, position)
