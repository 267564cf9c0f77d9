"""A bar on a terminal that shows how many steps of a work are done."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rollbook.artifact.progress import quiet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress as Bars

    from rollbook.artifact.progress import Progress


class StepBar:
    """What is done to so many things of a kind."""

    def __init__(self, bars: Bars, stage: str) -> None:
        self._bars = bars
        self._task = bars.add_task(stage, total=None)

    def begin(self, stage: str, total: int | None) -> None:
        """Begin with a stage of so many steps; None where nobody knows."""
        self._bars.remove_task(self._task)
        self._task = self._bars.add_task(stage, total=total)

    def __call__(self, count: int, /) -> None:
        """Show that so many steps more are done."""
        self._bars.advance(self._task, count)


@contextmanager
def step_bar(stage: str) -> Iterator[Progress]:
    """Draw a bar on stderr where that is a terminal; it goes when the work is done. Silent elsewhere."""
    if not sys.stderr.isatty():
        yield quiet
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        yield StepBar(bars, stage)
