"""A source of the tests' own, which knows figures and rows by version, and answers about a window."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rollbook.integrations.monitor.question import Answer, Figure, SourceFailed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    import pyarrow as pa

    from rollbook.integrations.monitor.question import Question


def moment(second: int) -> datetime:
    """A Unix time as a moment."""
    return datetime.fromtimestamp(second, UTC)


def figure(version: str, value: float, at: int, samples: int | None = 1000, metric: str = "auc") -> Figure:
    """A figure at a Unix time."""
    return Figure(metric, value, version, moment(at), samples)


@dataclass
class Told:
    """What the source knows; `asked` are the questions that it was asked."""

    known: Sequence[Figure] = ()
    logged: dict[str, pa.Table] = field(default_factory=dict)
    asked: list[Question] = field(default_factory=list)

    def figures(self, question: Question) -> Answer:
        """Return the figures of the version and the metric in the window."""
        self.asked.append(question)
        window = question.window
        return Answer(
            [
                one
                for one in self.known
                if (one.version, one.metric) == (question.version, question.metric)
                and window.start <= one.at < window.end
            ],
            question.query,
        )

    def series(self, question: Question, step: timedelta) -> Answer:
        """Return the same as `figures`."""
        return self.figures(question)

    def rows(self, question: Question, columns: Sequence[str]) -> pa.Table:
        """Return the logged rows of the version, those of the columns that there are."""
        self.asked.append(question)
        if question.version not in self.logged:
            raise SourceFailed("no log")
        table = self.logged[question.version]
        return table.select([name for name in columns if name in table.column_names])

    def close(self) -> None:
        """Do nothing."""
