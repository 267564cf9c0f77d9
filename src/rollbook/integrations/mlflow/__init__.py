"""The registry as MLflow's clients see it: a store of models, whose calls become commits.

`rollbook.mlflow` is this module; `batch` is what it has for users, loaded when it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollbook.integrations.mlflow.writing.told_batch import batch as batch

__all__ = ["batch"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(name)
    from rollbook.integrations.mlflow.writing import told_batch

    return getattr(told_batch, name)
