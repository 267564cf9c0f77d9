"""A tracking store of MLflow's with runs in it, and folders as MLflow saves models."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from building.mlflow_settings import QUIET, mlflow_set_to
from building.once import made_once

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest
    from mlflow import MlflowClient
    from mlflow.entities import Run

    from building.world import World

MLMODEL = """\
artifact_path: model
flavors:
  python_function:
    env: {{conda: conda.yaml, virtualenv: python_env.yaml}}
    loader_module: mlflow.sklearn
    python_version: 3.11.7
  xgboost:
    model_class: xgboost.sklearn.XGBClassifier
    xgb_version: 3.0.1
mlflow_version: 3.10.0
{named}
signature:
  inputs: '[{{"type": "{dtype}", "name": "{column}", "required": true}}]'
  outputs: '[{{"type": "tensor", "tensor-spec": {{"dtype": "int64", "shape": [-1]}}}}]'
  params: null
"""
REQUIREMENTS = "mlflow==3.10.0\nxgboost==3.0.1\n"


def model_folder(
    place: Path, column: str = "age", *, dtype: str = "double", weights: bytes = b"weights", **named: str
) -> Path:
    """A folder as MLflow saves a model, with one column as its input."""
    place.mkdir(parents=True)
    lines = "\n".join(f"{key}: {value}" for key, value in named.items())
    (place / "MLmodel").write_text(MLMODEL.format(column=column, dtype=dtype, named=lines))
    (place / "requirements.txt").write_text(REQUIREMENTS)
    (place / "data").mkdir()
    (place / "data" / "model.bin").write_bytes(weights)
    return place


@dataclass(frozen=True)
class Tracked:
    """A registry that MLflow's clients use, and their tracking store."""

    world: World
    root: Path
    tracking_uri: str
    client: MlflowClient

    @property
    def registry_uri(self) -> str:
        return f"rollbook://{self.world.registry}?mode=land"

    def run(self, **logged: Any) -> Run:
        """A run that has ended; `logged` is its params, metrics and tags, each by name."""
        experiment = self.experiment()
        run = self.client.create_run(experiment, tags=logged.get("tags", {}), run_name="best")
        for name, value in logged.get("params", {}).items():
            self.client.log_param(run.info.run_id, name, value)
        for name, value in logged.get("metrics", {}).items():
            self.client.log_metric(run.info.run_id, name, value)
        self.client.set_terminated(run.info.run_id)
        return self.client.get_run(run.info.run_id)

    def experiment(self) -> str:
        found = self.client.get_experiment_by_name("churn")
        if found:
            return str(found.experiment_id)
        return str(self.client.create_experiment("churn", str(self.root / "artifacts")))

    def with_model(self, run: Run, path: str = "model", **folder: Any) -> Path:
        """A model among a run's own artifacts, as MLflow 2 logged it."""
        from pathlib import Path

        return model_folder(Path(run.info.artifact_uri) / path, run_id=run.info.run_id, **folder)

    def manifest(self, version: str, model: str = "churn") -> dict[str, Any]:
        import yaml

        path = f"registry/{model}/versions/{version}/version.yaml"
        found: dict[str, Any] = yaml.safe_load(self.world.git("show", f"main:{path}"))
        return found


def _new_database(folder: Path) -> None:
    from mlflow import MlflowClient

    MlflowClient(tracking_uri=f"sqlite:///{folder}/mlflow.db").search_experiments()


def tracked(
    world: World, tmp_path: Path, factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Tracked]:
    """The fixture `tracked`."""
    from mlflow import MlflowClient

    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)
    made = made_once(factory, "mlflow-database", _new_database)
    shutil.copy(made / "mlflow.db", tmp_path / "mlflow.db")
    tracking_uri = f"sqlite:///{tmp_path}/mlflow.db"
    registry_uri = f"rollbook://{world.registry}?mode=land"
    with mlflow_set_to(tracking_uri, registry_uri):
        yield Tracked(world, tmp_path, tracking_uri, MlflowClient(tracking_uri, registry_uri))
