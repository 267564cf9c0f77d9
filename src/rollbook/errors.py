"""Every error a caller may meet, under one root. Each is named for what the caller must decide.

And the hint at what was perhaps meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Severity = Literal["error", "warning"]
# What is compared to say what was perhaps meant: characters of a name, and names.
_LONGEST_ASKED, _MANY = 200, 5_000


class RollbookError(Exception):
    """The root of all errors raised on purpose.

    `str(error)` says what is wrong and where; `hint` says what to do about it.
    `exit_code` is what the command line exits with: 1, the registry says no; 2, the call itself is wrong; 3,
    there is too little to tell.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class BadCall(RollbookError):
    """The call itself is wrong: an argument that can't be right, or a place that is no registry."""

    exit_code = 2


class NotFound(RollbookError):
    """A model, version, stage, alias, revision or file that was asked for does not exist."""


class InvalidFile(RollbookError):
    """A file of the registry can't be read as what it should be."""

    def __init__(
        self, message: str, *, path: str = "", line: int | None = None, key: str = "", hint: str = ""
    ) -> None:
        where = f"{path}:{line}" if path and line else path
        super().__init__(": ".join(part for part in (where, key, message) if part), hint=hint)
        self.message = message
        self.path = path
        self.line = line
        self.key = key


class Refused(RollbookError):
    """The registry's rules, or the present state of the repository, forbid what was asked."""


class AlreadySo(Refused):
    """What was asked for is so already: there is nothing to change."""


class VersionTaken(Refused):
    """There is a version of that name, which is never overwritten."""


class TagInTheWay(Refused):
    """A tag stands where the audit trail is to record something, and is none that it would write."""


class TooMuch(Refused):
    """What was to be judged or listed is larger than anything that is meant to be."""


class Conflict(RollbookError):
    """Somebody else was first. Nothing was changed; trying again may succeed."""


class GitFailed(RollbookError):
    """A git command failed for a reason that is none of the above."""


class StorageFailed(RollbookError):
    """Artifact bytes could not be stored, fetched or verified."""


class ModelFailed(RollbookError):
    """A model that was run gave no answer: it can't be loaded, raised, or took more than it may."""


class CannotTell(RollbookError):
    """What there is does not suffice to say whether the audit trail holds."""

    exit_code = 3


def nearest(name: str, known: Sequence[str]) -> str:
    """Return a hint: what was perhaps meant, or what there is."""
    shown = ", ".join(known[-10:])
    there_is = f"There is: {shown}{', ...' if len(known) > 10 else ''}." if known else ""
    return did_you_mean(name, known) or there_is


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """Return a hint: what was perhaps meant; empty where nothing known is like it. Case does not count.

    Of very many names, those are compared that begin alike.
    """
    import difflib

    asked = name[:_LONGEST_ASKED].casefold()
    among = known if len(known) <= _MANY else [other for other in known if other[:1].casefold() == asked[:1]]
    by_folded = {other.casefold(): other for other in among[:_MANY]}
    close = difflib.get_close_matches(asked, by_folded, n=3, cutoff=0.5)
    return f"Did you mean {' or '.join(by_folded[folded] for folded in close)}?" if close else ""
