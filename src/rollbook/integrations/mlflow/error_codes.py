"""What MLflow's clients are told when the registry says no: a code of MLflow's, and words.

The codes are those of mlflow.protos.databricks_pb2, by name. None is one that MLflow's clients try again by
themselves: nothing changes by that.
"""

from __future__ import annotations

from rollbook.check.finding import errors_among
from rollbook.errors import BadCall, Conflict, InvalidFile, NotFound, Refused, RollbookError
from rollbook.propose.proposal import ChangeRefused
from rollbook.text import printable

# The first class that an error is an instance of counts.
_CODES: tuple[tuple[type[RollbookError], str], ...] = (
    (BadCall, "INVALID_PARAMETER_VALUE"),
    (NotFound, "RESOURCE_DOES_NOT_EXIST"),
    (Conflict, "RESOURCE_CONFLICT"),
    (Refused, "PERMISSION_DENIED"),
    (InvalidFile, "INVALID_PARAMETER_VALUE"),
    (RollbookError, "ABORTED"),
)
_HOW_TO_ASK = (
    "Nothing was changed. What is missing can come once there is a request: make it with "
    "?mode=propose in the registry's address."
)


def error_code(error: RollbookError) -> str:
    """Return the name of MLflow's code for an error of the registry."""
    return next(code for kind, code in _CODES if isinstance(error, kind))


def error_message(error: RollbookError) -> str:
    """Return what is wrong, with the findings of a change that was refused and what to do, a line each."""
    lines, hint = [str(error)], error.hint
    if isinstance(error, ChangeRefused):
        lines += [
            f"{one.code} {one.path}: {one.message}" for one in error.findings if one.severity == "error"
        ]
        errors = errors_among(error.findings)
        if errors.waiting and not errors.standing:
            hint = _HOW_TO_ASK
    return harmless("\n".join(filter(None, [*lines, hint])))


def harmless(text: str) -> str:
    """Return lines of text that no terminal obeys."""
    return "\n".join(printable(line) for line in text.split("\n"))
