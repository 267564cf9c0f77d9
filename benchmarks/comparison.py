"""What a benchmark finds: two times and the ratio between them, and how they are printed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Comparison:
    """Our command beside another one. Times are in seconds, `ratio` is ours divided by the other's.

    `other_seconds` is None where there is nothing to compare with; `note` then says why. A target is the
    highest ratio, or the most seconds, that is good enough; None where no target is set.
    """

    benchmark: str
    ours: str
    seconds: float
    other: str = ""
    other_seconds: float | None = None
    most_ratio: float | None = None
    most_seconds: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return None if self.other_seconds is None else self.seconds / self.other_seconds

    @property
    def meets(self) -> bool | None:
        """Whether the targets that are set are met; None where none is."""
        met = []
        if self.most_ratio is not None and self.ratio is not None:
            met.append(self.ratio <= self.most_ratio)
        if self.most_seconds is not None:
            met.append(self.seconds <= self.most_seconds)
        return all(met) if met else None


_COLUMNS = ("benchmark", "Rollbook", "time", "compared with", "time", "ratio", "target", "met")


def as_table(comparisons: Sequence[Comparison]) -> str:
    """A Markdown table."""
    rows = [_COLUMNS, *(_row(item) for item in comparisons)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]]) + "\n"


def as_json(comparisons: Sequence[Comparison]) -> str:
    """A JSON list, one object a comparison."""
    items = [{**asdict(item), "ratio": item.ratio, "meets": item.meets} for item in comparisons]
    return json.dumps(items, indent=2) + "\n"


def _row(item: Comparison) -> tuple[str, ...]:
    other = duration(item.other_seconds) if item.other_seconds is not None else item.note or "-"
    met = {True: "yes", False: "NO", None: ""}[item.meets]
    ratio = "" if item.ratio is None else _times(item.ratio)
    return item.benchmark, item.ours, duration(item.seconds), item.other, other, ratio, _target(item), met


def _target(item: Comparison) -> str:
    words = []
    if item.most_ratio is not None:
        sign = ">=" if item.most_ratio < 1 else "<="
        words.append(f"{sign} {_times(item.most_ratio)}")
    if item.most_seconds is not None:
        words.append(f"<= {duration(item.most_seconds)}")
    return ", ".join(words)


def _times(ratio: float) -> str:
    return f"{_figure(1 / ratio)}x faster" if ratio < 0.95 else f"{_figure(ratio)}x"


def _figure(number: float) -> str:
    return f"{number:.1f}" if number < 10 else f"{number:,.0f}"


def duration(seconds: float) -> str:
    """A time for a person: `1.7 ms`, `98 ms`, `2.31 s`, `467 s`."""
    if seconds < 0.01:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.2f} s" if seconds < 100 else f"{seconds:.0f} s"
