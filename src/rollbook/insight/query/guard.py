# ruff: noqa: S608 (every word of the SQL is written in this package)
"""What a query may do: read the views, for a while. SQL may come out of a pull request, and be hostile."""

from __future__ import annotations

import resource
import sqlite3
import sys
import time
from typing import TYPE_CHECKING

from rollbook.insight.query.views import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Callable

# Functions of SQLite that make one JSON value a table; they read nothing but their argument.
_TABLE_FUNCTIONS = frozenset(["json_each", "json_tree"])
_FORBIDDEN_FUNCTIONS = frozenset(["load_extension", "fts3_tokenizer"])
_HARMLESS = frozenset([sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE])

_LONGEST_TEXT = 1 << 23  # bytes of a value or of the SQL
_LONGEST_PATTERN = 1_000  # bytes; matching one costs its length times the text's
MOST_MEMORY = 1 << 30  # bytes that a query may take beyond what the process has
_LOOK_AFTER = 20_000  # steps of SQLite's machine


class Limits:
    """The bounds of one query: it ends when `seconds` are over, or when it takes too much memory."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends = time.monotonic() + seconds
        self._memory = _memory() + MOST_MEMORY
        self.reason = ""

    def exceeded(self) -> bool:
        """Whether the query has to end; `reason` says why."""
        if time.monotonic() > self._ends:
            self.reason = f"the query took longer than {self._seconds:g} seconds"
        elif _memory() > self._memory:
            self.reason = "the query took more than 1 GiB of memory"
        return bool(self.reason)


def guard(connection: sqlite3.Connection, limits: Limits) -> None:
    """Let a connection do nothing any more but read the views, within the limits."""
    for function in _TABLE_FUNCTIONS:  # SQLite sets them up at their first use, by what is forbidden below
        connection.execute(f"SELECT 1 FROM {function}('[]')")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_TEXT)
    connection.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, _LONGEST_TEXT)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, _LONGEST_PATTERN)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.set_progress_handler(limits.exceeded, _LOOK_AFTER)
    connection.set_authorizer(_authorizer())


def _authorizer() -> Callable[[int, str | None, str | None, str | None, str | None], int]:
    # https://www.sqlite.org/c3ref/c_alter_table.html says what the two words mean for each action.
    def allowed(
        action: int, first: str | None, second: str | None, db: str | None, within: str | None
    ) -> bool:
        if action == sqlite3.SQLITE_READ:
            # No column: that a table has rows is asked, as a join may.
            is_view = first in BY_NAME and db == "temp"
            return not second or within in BY_NAME or is_view or first in _TABLE_FUNCTIONS
        if action == sqlite3.SQLITE_FUNCTION:
            return second not in _FORBIDDEN_FUNCTIONS
        return action in _HARMLESS

    return lambda *words: sqlite3.SQLITE_OK if allowed(*words) else sqlite3.SQLITE_DENY


def _memory() -> int:
    """Return the most memory that the process has had, in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
