"""What a story is made of: words, files written or edited, and commands run, all in a scratch directory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Say:
    """A few words to the reader."""

    text: str


@dataclass(frozen=True, slots=True)
class Write:
    """A new file, by its path in the scratch directory."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Edit:
    """The one place of a file that a regular expression matches becomes `text`. `what` tells the reader."""

    path: str
    pattern: str
    text: str
    what: str


@dataclass(frozen=True, slots=True)
class Run:
    """A command run in a folder of the scratch directory.

    It must exit with `code` and say each of `says`. At most `lines` lines of what it says are shown.
    """

    folder: str
    command: tuple[str, ...]
    code: int = 0
    says: tuple[str, ...] = ()
    lines: int = 14


Step = Say | Write | Edit | Run


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of the story under its own heading."""

    title: str
    steps: Sequence[Step]


@dataclass(frozen=True, slots=True)
class Figures:
    """What training gave: the version of scikit-learn (`framework`), and the area under the ROC curve that
    each model reaches on unseen data, between 0 and 1."""

    framework: str
    logistic: float
    boosting: float
    shuffled: float
