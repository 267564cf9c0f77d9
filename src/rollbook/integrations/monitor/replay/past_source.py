"""A source that is asked once for a whole period, and then answers for each moment of it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from rollbook.integrations.monitor.observing import OpenSources
from rollbook.integrations.monitor.outcome import Window
from rollbook.integrations.monitor.question import Answer, SourceFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import ExitStack

    import pyarrow as pa

    from rollbook.integrations.monitor.question import Figure, Question, Source
    from rollbook.records.monitoring import SourceSettings

_NOTHING = timedelta()
_NO_COLUMN = ("",)  # no column is called so


class PastSource:
    """What a source tells of a period, whose moments are `step` apart. A question about a window that ends at
    one of them is cut out of the answer for all; any other is asked once."""

    def __init__(self, source: Source, period: Window, step: timedelta) -> None:
        self._source = source
        self._period = period
        self._step = step
        self._told: dict[Question, Answer | SourceFailed] = {}
        self._read_before = _NOTHING

    def figures(self, question: Question) -> Answer:
        """Return the figures of the question's version within its window. Raises SourceFailed."""
        if not self._is_looked_at(question.window):
            return self._once(question, lambda: self._source.figures(question))
        whole = self._whole(question)
        told = self._once(whole, lambda: self._source.series(whole, self._step))
        window = question.window
        if told.is_stepped:
            window = Window(window.end - self._step / 2, window.end)
        return replace(told, figures=_within(told, window))

    def series(self, question: Question, step: timedelta) -> Answer:
        """Return the figures over a long window, as the source does. Raises SourceFailed."""
        return self._source.series(question, step)

    def rows(self, question: Question, columns: Sequence[str]) -> pa.Table:
        """Return the logged rows of the question's version within its window. Raises SourceFailed."""
        if question.span > self._read_before:
            self._read_before = question.span
            # A log is put in order for the time that it is asked about: once, not window by window.
            whole = Window(self._period.start - question.span, self._period.end)
            with suppress(SourceFailed):  # what is too much at once may do window by window
                self._source.rows(replace(question, window=whole), _NO_COLUMN)
        return self._source.rows(question, columns)

    def close(self) -> None:
        """Let go of the source."""
        self._source.close()

    def _is_looked_at(self, window: Window) -> bool:
        is_within = self._period.start <= window.end <= self._period.end
        return is_within and (window.end - self._period.start) % self._step == _NOTHING

    def _whole(self, question: Question) -> Question:
        """Return the same question about all moments, and so long before them as figures may be old. It
        begins at a moment too, so that the source's steps are the replay's."""
        before = -(-question.span // self._step) * self._step
        window = Window(self._period.start - before, self._period.end)
        return replace(question, window=window, looks_back=question.span)

    def _once(self, question: Question, ask: Callable[[], Answer]) -> Answer:
        """Return what was told already, or ask. A source that failed is not asked the same again."""
        if question not in self._told:
            try:
                answer = ask()
                figures = sorted(answer.figures, key=lambda figure: figure.at)
                self._told[question] = replace(answer, figures=figures)
            except SourceFailed as error:
                self._told[question] = error
        told = self._told[question]
        if isinstance(told, SourceFailed):
            raise told
        return told


class PastSources(OpenSources):
    """The sources of a replay."""

    def __init__(self, stack: ExitStack, period: Window, step: timedelta) -> None:
        super().__init__(stack)
        self._period = period
        self._step = step
        self._past: dict[str, PastSource] = {}

    def opened(self, settings: SourceSettings) -> Source:
        """Return the source, which answers for the past. Raises SourceFailed, InvalidFile."""
        if settings.name not in self._past:
            self._past[settings.name] = PastSource(super().opened(settings), self._period, self._step)
        return self._past[settings.name]


def _within(answer: Answer, window: Window) -> Sequence[Figure]:
    figures = answer.figures
    start = bisect_left(figures, window.start, key=lambda figure: figure.at)
    return figures[start : bisect_right(figures, window.end, key=lambda figure: figure.at)]
