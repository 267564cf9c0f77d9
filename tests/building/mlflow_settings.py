"""What MLflow's functions are set to for a test, and no longer afterwards."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

# No traffic but to this machine, and nothing drawn.
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


@contextmanager
def mlflow_set_to(tracking: str = "", registry: str = "") -> Iterator[None]:
    """Set MLflow to a tracking store and a registry; without either, it takes them from its environment.
    Whatever is set meanwhile is forgotten."""
    import mlflow
    from mlflow.tracking._model_registry import utils as registry_settings
    from mlflow.tracking._tracking_service import utils as tracking_settings

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry_settings, "_registry_uri", None)
        patch.setattr(tracking_settings, "_tracking_uri", None)
        for name, uri in (("MLFLOW_TRACKING_URI", tracking), ("MLFLOW_REGISTRY_URI", registry)):
            told = uri or os.environ.get(name, "")
            patch.setenv(name, told)  # which MLflow sets too
            if not told:
                patch.delenv(name)
        if tracking:
            mlflow.set_tracking_uri(tracking)
        if registry:
            mlflow.set_registry_uri(registry)
        yield
