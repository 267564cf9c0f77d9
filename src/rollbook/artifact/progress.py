"""How work on bytes reports that it moves on."""

from __future__ import annotations

from collections.abc import Callable

# Called with the number of bytes just done. Calls come one at a time, not always from the caller's thread.
Progress = Callable[[int], None]


def quiet(_: int) -> None:
    """Report nothing."""


def after(skip: int, progress: Progress) -> Progress:
    """Return a progress that leaves out the first `skip` bytes, which were reported before."""

    def report(count: int) -> None:
        nonlocal skip
        passed = min(skip, count)
        skip -= passed
        if count > passed:
            progress(count - passed)

    return report
