"""A question that is put to a registry, what it is compared with, and how fast it is to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.place import Place
    from benchmarks.timing import Command

Figure = Literal["seconds", "processor time", "memory", "round trips", "bytes on the wire"]


@dataclass(frozen=True, slots=True)
class Goal:
    """What Rollbook's first command is to reach at a size.

    Its `figure` is to be at most `most` times that of `beside`: its own at another size, or that of another
    command of the same question, by its label. Without `beside`, `most` is the figure itself.
    """

    size: str
    most: float
    beside: str = ""
    figure: Figure = "seconds"


@dataclass(frozen=True, slots=True)
class Question:
    """`title` says it in words. `commands` are Rollbook's first, then floors and peers, for one size.

    `needs` is a command line of Rollbook's that must be known for the question to be put, its last word an
    option or a command: `query`, `resolve --index`. `sizes` (empty: all) are those that it is worth putting
    to.
    """

    name: str
    title: str
    commands: Callable[[Place], Sequence[Command]]
    goals: tuple[Goal, ...] = ()
    needs: str = ""
    sizes: tuple[str, ...] = ()
