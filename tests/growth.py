"""How work grows with what it is given."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_TIMES = 8
# Linear work takes 8 times as long for 8 times as much, quadratic 64 times; a busy machine blurs both.
_MOST = 26
_SHORTEST = 0.002  # seconds, below which a clock tells nothing


def grows_linearly(make: Callable[[int], T], work: Callable[[T], object], size: int) -> bool:
    """Return whether `work` on what `make` makes of a size grows as that does, by the processor's time."""
    few, many = make(size), make(size * _TIMES)
    return any(
        _seconds(work, many) <= _MOST * max(_SHORTEST, min(_seconds(work, few) for _ in range(3)))
        for _ in range(2)
    )


def _seconds(work: Callable[[T], object], given: T) -> float:
    gc.disable()  # what other tests have left is looked through at no time of this one's
    try:
        start = time.process_time()
        work(given)
        return time.process_time() - start
    finally:
        gc.enable()
