"""What a check asks of a source, and what a source answers. The version is part of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from rollbook.errors import RollbookError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    import pyarrow as pa

    from rollbook.check.gates.gate import SettingsSchema
    from rollbook.integrations.monitor.outcome import Window
    from rollbook.records.monitoring import SourceSettings


_MOST_OTHERS = 5  # versions that are named


class SourceFailed(RollbookError):
    """A source can't be asked, or answers what can't be used: the check is unknown."""


@dataclass(frozen=True, slots=True)
class Question:
    """A figure that is asked for: of which version, over which window. `metric` is its name in the answer;
    `query` is the text that the kind of source takes (SQL, PromQL), with `{model}`, `{version}`, `{window}`
    (seconds) to be filled in by the source, safely; empty where the source needs none. `samples_query` is the
    same for how many observations the figure rests on, where the source is asked that apart. `looks_back` is
    over how long each figure looks back, which is what `{window}` says; None for the window's own length.
    `by` is the label, field or column by which the figures of the version's callers are told apart; empty for
    one figure of them all."""

    model: str
    version: str
    window: Window
    metric: str = ""
    query: str = ""
    samples_query: str = ""
    looks_back: timedelta | None = None
    by: str = ""

    @property
    def span(self) -> timedelta:
        """Return over how long each figure looks back."""
        return self.looks_back or self.window.end - self.window.start


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that a source tells: of which version, when it was measured, and on how many observations
    it rests (None where the source doesn't say). `caller` is whose use of the version it measures, where the
    question tells callers apart."""

    metric: str
    value: float
    version: str
    at: datetime
    samples: int | None = None
    caller: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a source tells. `asked` is the query as it was sent. Figures of other versions are no answer: the
    source leaves them out, and `others` names the versions that it left out. `is_stepped` says of a series
    that each figure is of one step and tells nothing of the next."""

    figures: Sequence[Figure]
    asked: str = ""
    others: tuple[str, ...] = ()
    is_stepped: bool = False

    def none_of(self, question: Question) -> str:
        """Say that there is no figure of what was asked, and of which other versions there are some."""
        others = f"; there are some of {', '.join(self.others[:_MOST_OTHERS])}" if self.others else ""
        return f"no figure of {question.version} in {question.window}{others}"


class Source(Protocol):
    """An open source. Every method raises SourceFailed for what can't be had."""

    def figures(self, question: Question) -> Answer:
        """Return the figures of a question's version within its window, oldest first."""

    def series(self, question: Question, step: timedelta) -> Answer:
        """Return the figures over a long window, oldest first: as `figures` would have told them at each
        `step` of it, each looking back over the question's `span`. Sources that can't be asked about the past
        return the figures that they have."""

    def rows(self, question: Question, columns: Sequence[str]) -> pa.Table:
        """Return the logged rows of a question's version within its window: those of `columns` that there
        are; every column where none is named. Raises SourceFailed also where this kind of source logs no
        rows."""

    def close(self) -> None:
        """Let go of what is open."""


class SourceKind(Protocol):
    """A kind of source: each is one object, in a module of its own."""

    @property
    def name(self) -> str:
        """What the policy calls it."""

    @property
    def schema(self) -> SettingsSchema:
        """What the policy may tell it."""

    def open(self, settings: SourceSettings) -> Source:
        """Open a source. Raises SourceFailed, InvalidFile for settings it can't use, and MissingLibrary
        saying which extra to install."""


def fill(query: str, values: Mapping[str, str]) -> str:
    """Return a query with its `{name}`s filled in; other braces stay, as PromQL has them."""
    for name, value in values.items():
        query = query.replace(f"{{{name}}}", value)
    return query
