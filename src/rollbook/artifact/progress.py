"""How work on bytes reports that it moves on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

# Called with the number of bytes just done. Calls come one at a time, not always from the caller's thread.
# One that has a method `begin`, as `StagedProgress`, is also told what is done to how many bytes.
Progress = Callable[[int], None]


class StagedProgress(Protocol):
    """A progress that shows what is being done: the same bytes are hashed first, and stored after."""

    def __call__(self, count: int, /) -> None:
        """Take it that so many bytes more are done."""

    def begin(self, stage: str, total: int | None) -> None:
        """Begin with something else, such as `hashing`, that so many bytes are ahead of; None where nobody
        knows."""


def begin(progress: Progress, stage: str, total: int | None) -> None:
    """Tell a progress, where it can be told, that so many bytes are to be hashed, stored or fetched now."""
    told = getattr(progress, "begin", None)
    if told is not None:
        told(stage, total)


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
