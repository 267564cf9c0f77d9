"""Reads that take much: a few at a time, so that those that take little always have a thread."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rollbook.errors import CannotTell

if TYPE_CHECKING:
    from collections.abc import Iterator

_AT_A_TIME = 2
_PATIENCE = 5.0  # seconds that one waits for its turn, and keeps a thread meanwhile
_turns = threading.BoundedSemaphore(_AT_A_TIME)


@contextmanager
def heavy() -> Iterator[None]:
    """Take a turn for work that takes much. Raises CannotTell where none is free for a while."""
    if not _turns.acquire(timeout=_PATIENCE):
        raise CannotTell("too much of this kind is asked at the moment", hint="Ask again in a while.")
    try:
        yield
    finally:
        _turns.release()
