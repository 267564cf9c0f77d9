"""What an index has to stand for, to answer about one state of a registry."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from rollbook.insight.query.index import history_rows, pointer_rows, tables_schema

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping


@dataclass(frozen=True)
class IndexState:
    """The tree of `registry/`; and where events are asked for, the commit whose history they are of, with the
    tags: what each points at, by its name.

    `history` is the commit up to which main's history is to be told, `pointers` whether those to artifacts
    are.
    """

    tree: str
    commit: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    history: str | None = None
    pointers: bool = False

    @cached_property
    def tags_digest(self) -> str:
        """What an index notes of the listing that its events are from."""
        lines = "".join(f"{oid} {name}\n" for name, oid in self.tags.items())
        return hashlib.sha256(lines.encode(errors="surrogateescape")).hexdigest()

    def is_met(self, connection: sqlite3.Connection) -> bool:
        """Whether an index stands for it."""
        if tables_schema.get(connection, "tree") != self.tree:
            return False
        if self.pointers and not pointer_rows.stand_for(connection, self.tree):
            return False
        if self.history is not None and not history_rows.reaches(connection, self.history):
            return False
        if self.commit is None:
            return True
        landed = connection.execute("SELECT 1 FROM landed WHERE commit_id = ?", (self.commit,)).fetchone()
        return landed is not None and tables_schema.get(connection, "tags") == self.tags_digest
