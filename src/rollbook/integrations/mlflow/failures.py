"""What MLflow's clients are told when the registry says no."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlflow.exceptions import MlflowException
from mlflow.protos import databricks_pb2 as codes

from rollbook.errors import RollbookError
from rollbook.git.operation import one_operation
from rollbook.integrations.mlflow.error_codes import error_code, error_message, harmless

if TYPE_CHECKING:
    from collections.abc import Iterator


class RequestWaits(MlflowException):  # type: ignore[misc]
    """What was asked for is requested, and not on main yet. `branch` holds the request, `pull_request` is its
    address, empty without one."""

    def __init__(
        self, subject: str, branch: str, pull_request: str, waits_for: str, trouble: str, hint: str
    ) -> None:
        lines = [
            f"requested, and not on main yet: {subject}",
            f"branch: {branch}",
            pull_request and f"pull request: {pull_request}",
            trouble and f"its pull request could not be opened: {trouble}",
            waits_for and f"it waits for: {waits_for}",
            "It shows once it has landed. wait=SECONDS in the registry's address waits for that.",
            hint,
        ]
        super().__init__(
            harmless("\n".join(filter(None, lines))),
            error_code=codes.PERMISSION_DENIED,
            branch=branch,
            pull_request=pull_request,
        )
        self.branch = branch
        self.pull_request = pull_request


def how_to_land() -> str:
    """Say how calls land at once, of which neither the address nor the policy says anything."""
    return (
        "Calls are proposed, because nothing says otherwise. To have them land at once, where the gates let "
        "them: ?mode=land in the registry's address, or `mlflow: {mode: land}` in registry/policy.yaml."
    )


@contextmanager
def as_mlflow() -> Iterator[None]:
    """Take what is done inside for one operation, and raise what the registry raises as an MlflowException,
    with the findings and what to do."""
    with failures_as_mlflow(), one_operation():
        yield


@contextmanager
def failures_as_mlflow() -> Iterator[None]:
    """Raise what the registry raises, and what the system says no to, as an MlflowException, with the
    findings and what to do."""
    try:
        yield
    except RollbookError as error:
        raise failure(error) from error
    except OSError as error:
        # Left alone, MLflow's server would make it a code that its clients try again, for minutes.
        raise MlflowException(harmless(str(error)), error_code=codes.ABORTED) from error


def failure(error: RollbookError) -> MlflowException:
    """Return an error of the registry as MLflow's."""
    return MlflowException(error_message(error), error_code=getattr(codes, error_code(error)))
