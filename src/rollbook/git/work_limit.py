"""How long a judgement may work, by the processor: itself, git, and what verifies signatures.

What strangers make is bounded where it is listed and read, in files and bytes. This bounds what is left, so
that nothing that somebody thinks of takes for ever. Waiting, and a team's own programs, do not count.
"""

from __future__ import annotations

import math
import signal
import sys
import time
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.errors import TooMuch

if TYPE_CHECKING:
    from collections.abc import Iterator

_OVER = (signal.SIGXCPU, signal.SIGKILL)


@dataclass(slots=True)
class _Work:
    """Until when this process may work, by its own processor time; what programs take brings it forward."""

    seconds: float
    end: float


_limit: ContextVar[_Work | None] = ContextVar("_limit", default=None)


@contextmanager
def limited_work(seconds: float) -> Iterator[None]:
    """Let what is done inside take so many seconds of the processor, or what an outer limit leaves."""
    outer = _limit.get()
    if outer is not None:
        yield
        return
    token = _limit.set(_Work(seconds, time.process_time() + seconds))
    try:
        yield
    finally:
        _limit.reset(token)


def require_time() -> None:
    """Raise TooMuch when the time is over."""
    seconds_left()


def seconds_left() -> float | None:
    """Return how many seconds are left; None without a limit. Raises TooMuch when the time is over."""
    work = _limit.get()
    if work is None:
        return None
    left = work.end - time.process_time()
    if left <= 0:
        raise TooMuch(
            f"judging it takes more than {work.seconds:,.0f} seconds of the processor",
            hint="Propose it in parts. Where nobody put so much, it is made to harm.",
        )
    return left


@contextmanager
def counted_child() -> Iterator[None]:
    """Count what the processes take that start and end inside."""
    work = _limit.get()
    before = _of_children() if work else 0.0
    try:
        yield
    finally:
        if work:
            work.end -= _of_children() - before


def _of_children() -> float:
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def limit_process(process: int, seconds: float) -> None:
    """Have the system end a process that has worked for so long, where it can be told to from outside."""
    if sys.platform == "linux":
        import resource

        whole = math.ceil(seconds)
        with suppress(ProcessLookupError):  # it is done already
            resource.prlimit(process, resource.RLIMIT_CPU, (whole, whole + 1))


def was_limited(returncode: int) -> bool:
    """Whether a process ended with this code because its time was over."""
    return -returncode in _OVER
