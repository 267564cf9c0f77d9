"""A bar on a terminal that shows how many bytes are done, and of how many."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TransferSpeedColumn
from rich.text import Text

from rollbook.cli.output import size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Task


class ByteBar:
    """What is done to the bytes of one thing: stage by stage, each from the beginning of the bar."""

    def __init__(self, bar: Progress, subject: str) -> None:
        self._bar = bar
        self._subject = subject
        self._task = bar.add_task("", total=None)
        self._done = 0
        self._total: int | None = None

    def begin(self, stage: str, total: int | None) -> None:
        """Begin with a stage, such as `hashing`, that so many bytes are ahead of; None where nobody knows."""
        self._done, self._total = 0, total
        self._bar.remove_task(self._task)
        self._task = self._bar.add_task(escape(f"{stage} {self._subject}"), total=total)

    def __call__(self, count: int, /) -> None:
        """Show that so many bytes more are done; never more than there are, though some were had twice."""
        self._done += count
        if self._total is not None:
            self._done = min(self._done, self._total)
        self._bar.update(self._task, completed=self._done)


@contextmanager
def byte_bar(subject: str) -> Iterator[ByteBar]:
    """Draw a bar about `subject`, a printable text, on stderr; it goes when the work is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), _Bytes(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield ByteBar(bar, subject)


class _Bytes(ProgressColumn):
    """How many bytes are done, and where that is known of how many."""

    def render(self, task: Task) -> Text:
        done = size(int(task.completed))
        return Text(done if task.total is None else f"{done} of {size(int(task.total))}")
