"""What MLflow's clients are told when the registry says no."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlflow.exceptions import MlflowException
from mlflow.protos import databricks_pb2 as codes

from rollbook.errors import (
    BadCall,
    CannotTell,
    Conflict,
    GitFailed,
    InvalidFile,
    NotFound,
    Refused,
    RollbookError,
    StorageFailed,
)
from rollbook.git.operation import one_operation
from rollbook.propose.proposal import ChangeRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

# None is one that MLflow's clients try again by themselves: nothing changes by that.
_CODES: tuple[tuple[type[RollbookError], int], ...] = (
    (BadCall, codes.INVALID_PARAMETER_VALUE),
    (NotFound, codes.RESOURCE_DOES_NOT_EXIST),
    (Conflict, codes.RESOURCE_CONFLICT),
    (Refused, codes.PERMISSION_DENIED),
    (InvalidFile, codes.INVALID_PARAMETER_VALUE),
    (StorageFailed, codes.INTERNAL_ERROR),
    (CannotTell, codes.INTERNAL_ERROR),
    (GitFailed, codes.INTERNAL_ERROR),
)


@contextmanager
def as_mlflow() -> Iterator[None]:
    """Take what is done inside for one operation, and raise what the registry raises as an MlflowException,
    with the findings and what to do."""
    try:
        with one_operation():
            yield
    except RollbookError as error:
        raise failure(error) from error


def failure(error: RollbookError) -> MlflowException:
    """Return an error of the registry as MLflow's."""
    code = next((code for kind, code in _CODES if isinstance(error, kind)), codes.INTERNAL_ERROR)
    lines = [str(error)]
    if isinstance(error, ChangeRefused):
        lines += [
            f"{one.code} {one.path}: {one.message}" for one in error.findings if one.severity == "error"
        ]
    return MlflowException("\n".join(filter(None, [*lines, error.hint])), error_code=code)
