"""What was found: a timing for each question, size and command; kept in a file, so that runs add up."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from benchmarks.sizes import SIZES, Size
from benchmarks.timing import Timing

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from benchmarks.question import Figure, Goal, Question


Clock = Literal["seconds", "cpu"]  # wall time, or processor time


@dataclass(frozen=True, slots=True)
class Found:
    """What came of one command of a question at one size."""

    question: str
    size: Size
    timing: Timing


def exponent(points: Iterable[tuple[float, float]]) -> float | None:
    """The growth exponent: the slope, by least squares, of the logarithms of times over those of sizes.

    None for less than two sizes.
    """
    logs = [(math.log(size), math.log(seconds)) for size, seconds in points if seconds > 0]
    if len({size for size, _ in logs}) < 2:
        return None
    middle = sum(size for size, _ in logs) / len(logs)
    mean = sum(seconds for _, seconds in logs) / len(logs)
    spread = sum((size - middle) ** 2 for size, _ in logs)
    return sum((size - middle) * (seconds - mean) for size, seconds in logs) / spread


class Figures:
    """All that was found, by question, size and label; later findings replace earlier ones."""

    def __init__(self, found: Iterable[Found] = ()) -> None:
        self._found: dict[tuple[str, str, str], Timing] = {}
        self._sizes: dict[str, Size] = {}
        self.add(found)

    def add(self, found: Iterable[Found]) -> None:
        """Take in what was found. Of a question at a size, everything that was known before goes."""
        found = list(found)
        renewed = {(item.question, item.size.name) for item in found}
        for key in [key for key in self._found if key[:2] in renewed]:
            del self._found[key]
        for item in found:
            self._found[item.question, item.size.name, item.timing.label] = item.timing
            self._sizes[item.size.name] = item.size

    @property
    def sizes(self) -> list[Size]:
        """Those of which something is known, the smallest first."""
        named = {size for _, size, _ in self._found}
        return sorted((self._sizes[name] for name in named), key=lambda size: (size.versions, size.models))

    def labels(self, question: str) -> list[str]:
        """The commands of a question, in the order in which they were found."""
        return list(dict.fromkeys(label for name, _, label in self._found if name == question))

    def timing(self, question: str, size: str, label: str) -> Timing | None:
        return self._found.get((question, size, label))

    def first(self, question: str, size: str) -> Timing | None:
        """Rollbook's own first command."""
        labels = self.labels(question)
        return self.timing(question, size, labels[0]) if labels else None

    def as_data(self) -> list[dict[str, object]]:
        """Plain data, one mapping a timing."""
        return [
            {"question": question, "size": asdict(self._sizes[size]), **asdict(timing)}
            for (question, size, _), timing in self._found.items()
        ]

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(self.as_data(), indent=1) + "\n")


def load_figures(path: Path) -> Figures:
    """What `save` wrote; nothing when there is no file."""
    if not path.exists():
        return Figures()
    found = []
    for item in json.loads(path.read_text()):
        question, size = item.pop("question"), Size(**item.pop("size"))
        found.append(Found(question, size, Timing(**item)))
    return Figures(found)


def growth(figures: Figures, question: str, label: str, clock: Clock = "seconds") -> float | None:
    """The growth exponent of one command over the sizes in which it gave an answer."""
    points = []
    for size in figures.sizes:
        taken = time_of(figures.timing(question, size.name, label), clock)
        if taken is not None:
            points.append((float(size.versions), taken))
    return exponent(points)


def time_of(timing: Timing | None, clock: Clock) -> float | None:
    """What a command took by a clock; None where it gave no answer."""
    if timing is None or timing.seconds is None:
        return None
    return timing.cpu if clock == "cpu" else timing.seconds


def _figure(timing: Timing | None, figure: Figure, clock: Clock) -> float | None:
    if timing is None or timing.seconds is None:
        return None
    if figure == "seconds":
        return time_of(timing, clock)
    if figure == "processor time":
        return timing.cpu
    return float(timing.memory) if figure == "memory" else timing.counts.get(figure)


def reached(figures: Figures, question: Question, goal: Goal, clock: Clock = "seconds") -> float | None:
    """What the goal is about, as it was found: a ratio, or a figure; None where that can't be told."""
    own = _figure(figures.first(question.name, goal.size), goal.figure, clock)
    if own is None or not goal.beside:
        return own
    if goal.beside in SIZES:
        beside = figures.first(question.name, goal.beside)
    else:
        beside = figures.timing(question.name, goal.size, goal.beside)
    other = _figure(beside, goal.figure, clock)
    return own / other if other else None
