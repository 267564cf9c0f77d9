"""`rollbook.mlflow.batch`: several of MLflow's calls as one commit, or one request."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rollbook.errors import BadCall
from rollbook.integrations.mlflow.failures import failures_as_mlflow
from rollbook.integrations.mlflow.store_address import SCHEMES, opened_repository, parse_address
from rollbook.integrations.mlflow.writing.landed_or_requested import collected

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def batch(reason: str, *, registry: str | None = None) -> Iterator[None]:
    """Collect what MLflow's calls write in a `with` block: one commit, or one request, when it ends well.

    `reason` is the commit's subject, and the reason of the stage changes in it. `registry` is an address such
    as `rollbook:///srv/models?mode=land`, by default the one that MLflow's registry is set to. Calls in the
    block see what those before them did; an error in it discards all. A block in another one joins it.
    Raises MlflowException as the calls themselves do, and without a registry of Rollbook's.
    """
    import mlflow

    # Not one operation: the block is the user's, and may change settings, or last for hours.
    with failures_as_mlflow():
        told = registry or mlflow.get_registry_uri()
        if told.partition(":")[0] not in SCHEMES:
            raise BadCall(
                "MLflow's registry is none of Rollbook's, so there is nothing to collect",
                hint='Set it: mlflow.set_registry_uri("rollbook://."), or say registry="rollbook://.".',
            )
        address = parse_address(told)
        with collected(opened_repository(address), reason, address):
            yield
