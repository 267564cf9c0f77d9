"""What a source tells of one version since the share changed, as the sequential test takes it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.integrations.monitor.canary.pair import Mean, Proportion
from rollbook.integrations.monitor.question import Question

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pyarrow as pa

    from rollbook.integrations.monitor.canary.pair import Arm
    from rollbook.integrations.monitor.outcome import Window
    from rollbook.integrations.monitor.question import Figure, Source
    from rollbook.records.monitoring import CanarySettings

_STDDEV = "_stddev"


class NotComparable(Exception):
    """What a source tells can't be compared: the message says why. The verdict is unknown."""


@dataclass(frozen=True, slots=True)
class ArmFigures:
    """What was counted of a version; when the first and the last of its figures were measured, None where
    rows were read; and what the source was asked."""

    arm: Arm
    first: datetime | None
    last: datetime | None
    asked: str = ""


def arm_figures(
    source: Source, settings: CanarySettings, model: str, version: str, window: Window
) -> ArmFigures:
    """Ask a source for what a comparison needs of a version, over a window.

    Raises NotComparable where it tells nothing, too little to say on how many samples it rests, or what is no
    proportion; SourceFailed as the source does.
    """
    question = Question(model, version, window, settings.metric, settings.query, settings.samples_query)
    if settings.column:
        return _of_rows(source.rows(question, [settings.column]), settings, version)
    answer = source.figures(question)
    figures = _used(answer.figures, settings)
    if not figures:
        raise NotComparable(answer.none_of(question))
    counts = [_count(figure) for figure in figures]
    if not sum(counts):
        raise NotComparable(f"the figures of {version} rest on no samples")
    if settings.kind == "proportion":
        arm: Arm = _proportion(figures, counts, version)
    else:
        arm = _mean(figures, counts, _spread(source, settings, question))
    return ArmFigures(arm, figures[0].at, figures[-1].at, answer.asked)


def _used(figures: Sequence[Figure], settings: CanarySettings) -> list[Figure]:
    in_order = sorted(figures, key=lambda figure: figure.at)
    return in_order if settings.figures == "parts" else in_order[-1:]


def _count(figure: Figure) -> int:
    if figure.samples is None:
        raise NotComparable(f"the source does not say on how many samples {figure.metric} rests")
    return figure.samples


def _proportion(figures: Sequence[Figure], counts: Sequence[int], version: str) -> Proportion:
    if not all(0 <= figure.value <= 1 for figure in figures):
        raise NotComparable(f"a figure of {version} is no proportion: it is not between 0 and 1")
    hits = sum(round(figure.value * count) for figure, count in zip(figures, counts, strict=True))
    return Proportion(sum(counts), hits)


def _spread(source: Source, settings: CanarySettings, question: Question) -> dict[datetime, float]:
    """Return the standard deviations that the source tells, by when they were measured."""
    name = f"{settings.metric}{_STDDEV}"
    query = settings.stddev_query
    asked = Question(question.model, question.version, question.window, name, query, settings.samples_query)
    return {figure.at: figure.value for figure in source.figures(asked).figures}


def _mean(figures: Sequence[Figure], counts: Sequence[int], spread: dict[datetime, float]) -> Mean:
    """Return the mean of all observations from those of their parts."""
    total = sum(counts)
    mean = math.fsum(figure.value * count for figure, count in zip(figures, counts, strict=True)) / total
    squares = 0.0
    for figure, count in zip(figures, counts, strict=True):
        deviation = spread.get(figure.at)
        if deviation is None or deviation < 0:
            raise NotComparable(f"{figure.metric} has no {figure.metric}{_STDDEV} of the same time")
        squares += max(count - 1, 0) * deviation**2 + count * (figure.value - mean) ** 2
    if total < 2:
        raise NotComparable("a mean of one sample has no spread")
    return Mean(total, mean, squares / (total - 1))


def _of_rows(table: pa.Table, settings: CanarySettings, version: str) -> ArmFigures:
    import pyarrow as pa
    import pyarrow.compute as pc

    if settings.column not in table.column_names:
        raise NotComparable(f"the log has no column {settings.column!r}")
    try:
        values = pc.drop_null(table[settings.column]).cast(pa.float64())
    except pa.ArrowException as error:
        raise NotComparable(f"the column {settings.column!r} holds no numbers") from error
    if len(values) < 2:
        raise NotComparable(f"the log has no rows of {version} in the window")
    if not pc.all(pc.is_finite(values)).as_py():
        raise NotComparable(f"the column {settings.column!r} holds what is no finite number")
    if settings.kind == "mean":
        return ArmFigures(
            Mean(len(values), pc.mean(values).as_py(), pc.variance(values, ddof=1).as_py()), None, None
        )
    hits = pc.sum(values).as_py()
    if not pc.all(pc.or_(pc.equal(values, 0.0), pc.equal(values, 1.0))).as_py():
        raise NotComparable(f"the column {settings.column!r} holds other than 0 and 1: it is no proportion")
    return ArmFigures(Proportion(len(values), hits), None, None)


def require_same_time(canary: ArmFigures, production: ArmFigures, window: Window) -> None:
    """Raise NotComparable where the figures of the two begin or end further apart than a tenth of the window:
    what differs may be the time of day then."""
    apart = (window.end - window.start) / 10
    for one, other, what in (
        (canary.first, production.first, "begin"),
        (canary.last, production.last, "end"),
    ):
        if one is not None and other is not None and abs(one - other) > apart:
            raise NotComparable(f"the figures of the two {what} at different times: {one} and {other}")
