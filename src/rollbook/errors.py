"""Every error a caller may meet, under one root. Each is named for what the caller must decide."""

from __future__ import annotations

from typing import Literal

Severity = Literal["error", "warning"]


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


class CannotTell(RollbookError):
    """What there is does not suffice to say whether the audit trail holds."""

    exit_code = 3
