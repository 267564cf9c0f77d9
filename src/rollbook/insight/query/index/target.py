"""What an index has to stand for, to answer about one state of a registry."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from rollbook.errors import GitFailed
from rollbook.git.process import try_git
from rollbook.insight.query.index import tables_schema

if TYPE_CHECKING:
    import sqlite3

    from rollbook.git.repository import Repository


@dataclass(frozen=True)
class Wanted:
    """The tree of `registry/`; and where events are asked for, the commit whose history they are of, with the
    listing of all tags: the id of what each points at, and its name, one a line."""

    tree: str
    commit: str | None = None
    tags: bytes = b""

    @cached_property
    def tags_digest(self) -> str:
        """What an index notes of the listing that its events are from."""
        return hashlib.sha256(self.tags).hexdigest()

    def is_met(self, connection: sqlite3.Connection) -> bool:
        """Whether an index stands for it."""
        if tables_schema.get(connection, "tree") != self.tree:
            return False
        if self.commit is None:
            return True
        landed = connection.execute("SELECT 1 FROM landed WHERE commit_id = ?", (self.commit,)).fetchone()
        return landed is not None and tables_schema.get(connection, "tags") == self.tags_digest


def tag_listing(repository: Repository) -> bytes:
    """Every tag, as `Wanted` has them."""
    done = try_git(repository.directory, "show-ref", "--tags")  # says no when there are none
    if done.returncode and done.stderr:
        raise GitFailed(f"the tags can't be listed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
