"""A bar in a notebook that shows how many bytes are done, and of how many."""

from __future__ import annotations

import html
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rollbook.artifact.progress import quiet
from rollbook.propose.in_memory.session_origin import in_notebook
from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.artifact.progress import Progress

_OFTEN = 0.1  # seconds between two pictures
_MEGABYTE = 1e6


class NotebookBar:
    """What is done to the bytes of one thing, stage by stage, as an element of HTML that needs no widget, and
    as text where HTML is not shown."""

    def __init__(self, display: Any, subject: str) -> None:
        self._subject = printable(subject)
        self._stage = "preparing"
        self._done = 0
        self._total: int | None = None
        self._shown = 0.0
        self._handle = display(self, display_id=True)

    def begin(self, stage: str, total: int | None) -> None:
        """Begin with a stage, such as `hashing`, that so many bytes are ahead of; None where nobody knows."""
        self._stage, self._done, self._total = printable(stage), 0, total
        self._show()

    def __call__(self, count: int, /) -> None:
        """Show that so many bytes more are done; never more than there are, though some were had twice."""
        self._done += count
        if self._total is not None:
            self._done = min(self._done, self._total)
        if time.monotonic() - self._shown >= _OFTEN:
            self._show()

    def end(self, how: str) -> None:
        """Leave a line in the place of the bar."""
        self._stage, self._done, self._total = how, 0, None
        self._show()

    def _show(self) -> None:
        self._shown = time.monotonic()
        self._handle.update(self)

    def __repr__(self) -> str:
        done = f" {self._done / _MEGABYTE:.1f} MB" if self._done else ""
        whole = f" of {self._total / _MEGABYTE:.1f} MB" if self._total else ""
        return f"{self._stage} {self._subject}{done}{whole}"

    def _repr_html_(self) -> str:
        bar = f'<progress value="{self._done}" max="{self._total}"></progress> ' if self._total else ""
        return f"<div>{bar}{html.escape(repr(self))}</div>"


@contextmanager
def notebook_progress(subject: str, told: Progress | None) -> Iterator[Progress]:
    """Yield the progress that is told, else a bar where a notebook runs, else none that is shown."""
    if told is not None or not in_notebook():
        yield told or quiet
        return
    bar = NotebookBar(sys.modules["IPython"].display.display, subject)
    try:
        yield bar
    except BaseException:
        bar.end("stopped:")
        raise
    bar.end("done:")
