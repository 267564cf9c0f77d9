"""Asking the index about a registry: found, brought forward or built as needed; not believed when broken."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, TypeVar

from rollbook.errors import InvalidFile
from rollbook.git.refs import tag_ids
from rollbook.insight.query.index.index_files import UNUSABLE, NotWhole, Shelf, is_broken
from rollbook.insight.query.index.target import IndexState
from rollbook.layout import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from rollbook.registry.registry import Registry

Answer = TypeVar("Answer")

# How often to look again when others bring the index elsewhere meanwhile, before answering from a copy.
_TRIES = 3


def ask(
    registry: Registry,
    question: Callable[[sqlite3.Connection], Answer],
    *,
    events: bool = False,
    history: bool = False,
    pointers: bool = False,
) -> Answer:
    """Return what `question` makes of the index that stands for exactly the registry's snapshot.

    It may be called again where the index turns out to be broken. The connection is for reading only. With
    `events` the index also has the events of the commits that lead to the snapshot's, by their tags; with
    `history` what main's history itself tells of versions, and with `pointers` those to artifacts. Only the
    snapshot of a commit has a history, and only one of a tree has pointers there.
    """
    registry.require()
    snapshot = registry.snapshot
    tree = snapshot.tree_id(ROOT)
    if tree is None:
        from rollbook.insight.query.index.update import of_files

        with closing(of_files(snapshot)) as connection:
            return question(connection)
    repository = registry.repository
    state = IndexState(
        tree,
        snapshot.commit if events else None,
        tag_ids(repository) if events and snapshot.commit else {},
        snapshot.commit if history else None,
        pointers,
    )
    return _ask_shelf(Shelf(repository), state, question)


def problem_in(connection: sqlite3.Connection, which: str, *values: object) -> InvalidFile | None:
    """Return the first of the files that the index knows can't be read; None when there is none.

    `which` narrows and orders them, as SQL: `p` is a problem, `m` its model and `v` its version.
    """
    row = connection.execute(
        "SELECT p.message, p.path, p.line, p.key, p.hint FROM problem AS p"  # noqa: S608 (of this package)
        " JOIN model AS m ON m.name = p.model"
        f" LEFT JOIN version AS v ON v.model_id = m.id AND v.version = p.version {which} LIMIT 1",
        values,
    ).fetchone()
    if row is None:
        return None
    message, path, line, key, hint = row
    return InvalidFile(message, path=path, line=line, key=key or "", hint=hint or "")


def _ask_shelf(shelf: Shelf, wanted: IndexState, question: Callable[[sqlite3.Connection], Answer]) -> Answer:
    for _ in range(_TRIES):
        try:
            with shelf.opened(wanted) as connection:
                return question(connection)
        except NotWhole:
            from rollbook.insight.query.index.update import bring

            try:
                bring(shelf, wanted)
            except NotWhole:  # another process was quicker
                continue
            except UNUSABLE:
                break
        except sqlite3.Error as error:
            if not is_broken(error):
                raise
    from rollbook.insight.query.index.update import in_memory

    with closing(in_memory(shelf, wanted)) as connection:
        return question(connection)
