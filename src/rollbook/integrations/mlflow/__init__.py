"""The registry as MLflow's clients see it: a store of models, whose calls become commits.

`rollbook.mlflow` is this module; `batch` is what it has for users.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["batch"]


@contextmanager
def batch(reason: str, *, registry: str | None = None) -> Iterator[None]:
    """Collect what MLflow's calls write in a `with` block: one commit, or one request, when it ends well.

    `reason` is the commit's subject, and the reason of the stage changes in it. `registry` is an address such
    as `rollbook:///srv/models?mode=land`, by default the one that MLflow's registry is set to. Calls in the
    block see what those before them did; an error in it discards all. A block in another one joins it.
    Raises MlflowException as the calls themselves do.
    """
    from rollbook.integrations.mlflow.batch_address import collected_at

    with collected_at(reason, registry):
        yield
