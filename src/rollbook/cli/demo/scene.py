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
    """A new file, by its path in the scratch directory. The text of the file `then` follows its own."""

    path: str
    text: str
    then: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """The one place of a file that a regular expression matches becomes `text`. `what` tells the reader."""

    path: str
    pattern: str
    text: str
    what: str


@dataclass(frozen=True, slots=True)
class CommandRun:
    """A command run in a folder of the scratch directory.

    It must exit with `code` and say each of `says`. At most `lines` lines of what it says are shown; all of
    it is kept under the name `keep`, where there is one.
    """

    folder: str
    command: tuple[str, ...]
    code: int = 0
    says: tuple[str, ...] = ()
    lines: int = 14
    keep: str = ""


@dataclass(frozen=True, slots=True)
class SameFinding:
    """Every one of what was kept under the names `among` holds the finding with `code`, word for word."""

    code: str
    among: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """By what was kept under the names `among`, each kind of gate has let a version pass and kept one out."""

    among: tuple[str, ...]


Step = Say | Write | Edit | CommandRun | SameFinding | Verdicts


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of the story under its own heading."""

    title: str
    steps: Sequence[Step]


@dataclass(frozen=True, slots=True)
class Figures:
    """What training gave: the version of scikit-learn (`framework`), the area under the ROC curve that each
    model reaches on unseen data (0 to 1), and the MD5 (hexadecimal) by which DVC stores the bad one."""

    framework: str
    logistic: float
    boosting: float
    shuffled: float
    shuffled_md5: str
