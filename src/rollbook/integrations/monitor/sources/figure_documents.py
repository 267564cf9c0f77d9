"""Figures as JSON, as files, programs and addresses tell them.

A list of `{"metric", "value", "version", "at", "samples", "model"}`, or an object with that list under
`figures`. `metric`, `value` and `version` are needed; `at` is an RFC 3339 time; `samples` and `model` may be
left out. A field that names the caller is read where a question tells callers apart by it.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall
from rollbook.integrations.monitor.question import Answer, Figure, SourceFailed
from rollbook.names import normalise_version, parse_moment
from rollbook.text import one_line, printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rollbook.integrations.monitor.question import Question

MOST_FIGURES = 100_000
_MOST_SAMPLES = (1 << 63) - 1  # what every reader of evidence takes as a whole number
LONGEST = 1 << 24  # bytes of a document
# How long after its window's end a question still asks about the present, and how far clocks may be apart.
_PRESENT, _SKEW = timedelta(hours=1), timedelta(seconds=5)


def parsed(data: bytes, name: str) -> list[Any]:
    """Return the items of a document of figures. Raises SourceFailed for another shape."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise SourceFailed(f"{name} tells no JSON: {printable(str(error))[:200]}") from error
    items = document.get("figures") if isinstance(document, dict) else document
    if not isinstance(items, list) or len(items) > MOST_FIGURES:
        raise SourceFailed(f"{name} tells no list of figures", hint="See docs/reference/monitoring.md.")
    return items


def figures_in(items: Iterable[Any], question: Question, asked: str, undated: datetime | None) -> Answer:
    """Return those of the items that answer a question. Those that say no time are of the moment `undated`;
    without one they are left out, as are values that are no finite numbers.

    Raises SourceFailed for an item that is no figure, or a figure of the metric that can't be read.
    """
    figures: list[Figure] = []
    others: set[str] = set()
    for item in items:
        if not isinstance(item, dict) or not isinstance(item.get("metric"), str):
            raise SourceFailed(f"{asked} tells what is no figure", hint="See docs/reference/monitoring.md.")
        if item["metric"] != question.metric or item.get("model") not in (None, "", question.model):
            continue
        figure = _figure(item, undated)
        if figure is None:
            continue
        if figure.version != question.version:
            others.add(figure.version)
        elif (at := within(question, figure.at)) is not None:
            caller = caller_of(item.get(question.by)) if question.by else ""
            figures.append(replace(figure, at=at, caller=caller))
    return Answer(sorted(figures, key=lambda figure: figure.at), asked, tuple(sorted(others)))


def moment_asked(question: Question) -> datetime | None:
    """Return the moment of what is measured as it is asked: the end of the question's window. None where the
    window ended long ago, as what is so now says nothing of it."""
    return question.window.end if _is_present(question) else None


def within(question: Question, at: datetime) -> datetime | None:
    """Return the moment of a figure where it is in the question's window, else None. What was measured while
    the question was asked, a moment after the window's end, is of its end; what is of the future is not."""
    if at < question.window.start:
        return None
    if at <= question.window.end:
        return at
    is_asked_now = _is_present(question) and at <= datetime.now(UTC) + _SKEW
    return question.window.end if is_asked_now else None


def _is_present(question: Question) -> bool:
    return datetime.now(UTC) - question.window.end < _PRESENT


def _figure(item: dict[str, Any], undated: datetime | None) -> Figure | None:
    """Return the figure that an item tells; None for no finite number, and where nobody says of when."""
    try:
        at = undated if item.get("at") is None else parse_moment(_text(item["at"])).astimezone(UTC)
        version = normalise_version(_text(item["version"]))
        value, samples = _number(item["value"]), _count(item.get("samples"))
    except (KeyError, TypeError, ValueError, OverflowError, BadCall) as error:
        raise SourceFailed(f"a figure can't be read: {printable(str(error))[:200]}") from error
    return Figure(item["metric"], value, version, at, samples) if at and math.isfinite(value) else None


def caller_of(value: object) -> str:
    """Return who a caller is, in one line; empty where nobody says."""
    return "" if value is None else one_line(str(value), 200)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a version and a time are texts")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("the value is no number")
    return float(value)


def _count(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_SAMPLES:
        raise ValueError("the samples are no count")
    return value
