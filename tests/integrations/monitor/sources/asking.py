"""Asking sources of every kind for figures and rows of one version."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rollbook.integrations.monitor.outcome import Window
from rollbook.integrations.monitor.question import Question
from rollbook.integrations.monitor.source_kinds import SOURCE_KINDS
from rollbook.records.monitoring import SourceSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.integrations.monitor.question import Answer, Source

HOUR = timedelta(hours=1)


def question(metric: str = "error_rate", query: str = "", **changed: Any) -> Question:
    """A question about credit 1.2.0 over the last hour, unless `changed`."""
    now = datetime.now(UTC)
    asked = Question("credit", "1.2.0", Window(now - HOUR, now), metric, query)
    return replace(asked, **changed)


@contextmanager
def opened(kind: str, **settings: object) -> Iterator[Source]:
    source = SOURCE_KINDS[kind].open(SourceSettings("live", kind, settings))
    try:
        yield source
    finally:
        source.close()


def answer(kind: str, asked: Question | None = None, **settings: object) -> Answer:
    with opened(kind, **settings) as source:
        return source.figures(asked or question())


def values(told: Answer) -> list[float]:
    return [figure.value for figure in told.figures]


def figure(value: object = 0.5, version: object = "1.2.0", **more: object) -> dict[str, object]:
    """A figure as a document has it."""
    return {"metric": "error_rate", "value": value, "version": version, **more}


def ago(**span: float) -> str:
    return (datetime.now(UTC) - timedelta(**span)).isoformat()
