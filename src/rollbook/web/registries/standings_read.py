"""What an answer was made from: which registries were read for it, and at which commits."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.web.registries.served_registry import ServedRegistry


class StandingRead(NamedTuple):
    """A registry that was read, at a commit: `is_now` where that is what main held then, and not a revision
    or a date that was asked about."""

    registry: ServedRegistry
    commit: str
    is_now: bool


_read: ContextVar[list[StandingRead] | None] = ContextVar("standings_read", default=None)


@contextmanager
def noted() -> Iterator[list[StandingRead]]:
    """Yield a list that fills with what is read meanwhile, also by threads that work for it."""
    read: list[StandingRead] = []
    token = _read.set(read)
    try:
        yield read
    finally:
        _read.reset(token)


def note(standing: StandingRead) -> None:
    """Take note of what is read, where somebody wants to know."""
    read = _read.get()
    if read is not None:
        read.append(standing)
