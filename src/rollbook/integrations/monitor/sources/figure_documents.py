"""Figures as JSON, as files, programs and addresses tell them.

A list of `{"metric", "value", "version", "at", "samples", "model"}`, or an object with that list under
`figures`. `metric`, `value` and `version` are needed; `at` is an RFC 3339 time, by default when it was asked;
`samples` and `model` may be left out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall
from rollbook.integrations.monitor.question import Answer, Figure, SourceFailed
from rollbook.names import normalise_version, parse_moment
from rollbook.text import printable

if TYPE_CHECKING:
    from datetime import datetime

    from rollbook.integrations.monitor.question import Question

MOST_FIGURES = 100_000


def figures_in(document: object, question: Question, now: datetime, asked: str) -> Answer:
    """Return the figures in a document that answer a question. Raises SourceFailed for another shape."""
    items = document.get("figures") if isinstance(document, dict) else document
    if not isinstance(items, list) or len(items) > MOST_FIGURES:
        raise SourceFailed("the answer is no list of figures", hint="See docs/reference/monitoring.md.")
    figures, others = [], set()
    for item in items:
        figure, model = _figure(item, now)
        if figure.metric != question.metric or model not in ("", question.model):
            continue
        if figure.version != question.version:
            others.add(figure.version)
        elif question.window.start <= figure.at <= question.window.end:
            figures.append(figure)
    return Answer(sorted(figures, key=lambda figure: figure.at), asked, tuple(sorted(others)))


def _figure(item: Any, now: datetime) -> tuple[Figure, str]:
    """Return the figure that an item tells, and the model that it is of; empty where it says none."""
    try:
        at = parse_moment(str(item["at"])) if item.get("at") is not None else now
        version = normalise_version(str(item["version"]))
        figure = Figure(str(item["metric"]), _number(item["value"]), version, at, _count(item.get("samples")))
        return figure, str(item.get("model") or "")
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError, BadCall) as error:
        raise SourceFailed(f"a figure can't be read: {printable(str(error))[:200]}") from error


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("the value is no finite number")
    return float(value)


def _count(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("the samples are no count")
    return value
