"""A metric over the versions of a model, as SVG made at build time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.insight.compare.metric import finite

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

WIDTH, HEIGHT = 380, 180
_LEFT, _RIGHT, _TOP, _BOTTOM = 54, 22, 20, 34
_LETTER, _LONGEST_LABEL = 7, 14


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """A version's figure, where it stands, and whether the version came into production at some time."""

    version: str
    value: float
    x: float
    y: float
    is_promoted: bool
    label: str


@dataclass(frozen=True, slots=True)
class MetricChart:
    """A metric's figures from the oldest version to the newest, the line through them, and the marks of its
    axis (the height and the value). `summary` tells in words what is to be seen."""

    metric: str
    is_lower_better: bool
    points: Sequence[ChartPoint]
    line: str
    marks: Sequence[tuple[float, str]]
    summary: str


def metric_chart(
    metric: str,
    figures: Mapping[str, Mapping[str, float]],
    promoted: Collection[str],
    *,
    lower_is_better: bool,
) -> MetricChart | None:
    """Return the chart of a metric; None where fewer than two versions give it. `figures` are the versions'
    metrics, the oldest version first."""
    given = [(version, finite(metrics.get(metric))) for version, metrics in figures.items()]
    values = [(version, value) for version, value in given if value is not None]
    if len(values) < 2:
        return None
    low, high = min(value for _, value in values), max(value for _, value in values)
    # Halves, so that what is far apart stays a number that a float can hold.
    reach = high / 2 - low / 2
    step = (WIDTH - _LEFT - _RIGHT) / (len(values) - 1)

    def height(value: float) -> float:
        part = (value / 2 - low / 2) / reach if reach else 0.5  # a flat line stands in the middle
        return round(HEIGHT - _BOTTOM - part * (HEIGHT - _TOP - _BOTTOM), 1)

    points = [
        ChartPoint(version, value, round(_LEFT + place * step, 1), height(value), version in promoted, label)
        for place, ((version, value), label) in enumerate(zip(values, _labels(values, step), strict=True))
    ]
    return MetricChart(
        metric,
        lower_is_better,
        points,
        " ".join(f"{point.x},{point.y}" for point in points),
        [(height(value), f"{value:.4g}") for value in ([low, high] if reach else [low])],
        _summary(metric, points, lower_is_better=lower_is_better),
    )


def _labels(values: Sequence[tuple[str, float]], step: float) -> list[str]:
    """Return the versions that there is room to name, from the last backwards: its name ends where the line
    does, those of the others stand in the middle below their figures."""
    labels = [""] * len(values)
    room = (len(values) - 1) * step + _RIGHT
    for place in reversed(range(len(values))):
        label = values[place][0][:_LONGEST_LABEL]
        width = len(label) * _LETTER
        end = place * step + (_RIGHT if place == len(values) - 1 else width / 2)
        if end <= room:
            labels[place] = label
            room = end - width - 2 * _LETTER
    return labels


def _summary(metric: str, points: Sequence[ChartPoint], *, lower_is_better: bool) -> str:
    first, last = points[0], points[-1]
    best = (min if lower_is_better else max)(points, key=lambda point: point.value)
    promoted = [point.version for point in points if point.is_promoted]
    told = (
        f"{metric} of {len(points)} versions: {first.value:.6g} in {first.version}, {last.value:.6g} in "
        f"{last.version}, the best {best.value:.6g} in {best.version}."
    )
    return f"{told} Promoted to production: {', '.join(promoted[-10:])}." if promoted else told
