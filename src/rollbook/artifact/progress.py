"""How work on bytes reports that it moves on."""

from __future__ import annotations

from collections.abc import Callable

# Called with the number of bytes just done. Calls come one at a time, not always from the caller's thread.
Progress = Callable[[int], None]


def quiet(_: int) -> None:
    """Report nothing."""
