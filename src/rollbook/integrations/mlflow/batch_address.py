"""On which registry a batch is opened, when its caller doesn't say."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rollbook.errors import BadCall
from rollbook.integrations.mlflow.failures import as_mlflow
from rollbook.integrations.mlflow.kept_clone import opened_repository
from rollbook.integrations.mlflow.store_address import SCHEMES, parse_address
from rollbook.integrations.mlflow.writing import collected

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def collected_at(reason: str, registry: str | None) -> Iterator[None]:
    """Collect the writes of a `with` block to the registry at an address, by default MLflow's.

    Raises MlflowException as `writing.collected` raises errors of the registry, and without a registry of
    Rollbook.
    """
    import mlflow

    with as_mlflow():
        told = registry or mlflow.get_registry_uri()
        if told.partition(":")[0] not in SCHEMES:
            raise BadCall(
                "MLflow's registry is none of Rollbook's, so there is nothing to collect",
                hint='Set it: mlflow.set_registry_uri("rollbook://."), or say registry="rollbook://.".',
            )
        address = parse_address(told)
        with collected(opened_repository(address), reason, address):
            yield
