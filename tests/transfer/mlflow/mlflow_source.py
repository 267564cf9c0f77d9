"""A registry that MLflow keeps, as a team leaves it: real scikit-learn models, logged by the real MLflow."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from building.mlflow_settings import QUIET, mlflow_set_to

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# No traffic but loopback's; and MLflow 3.13 and later write no folder without being told to.
SETTINGS = {
    **QUIET,
    "MLFLOW_ALLOW_FILE_STORE": "true",
    "MLFLOW_RECORD_ENV_VARS_IN_MODEL_LOGGING": "false",
}
COMMIT = "3c7a7a472abf3dd9643fd615f6da379c4acb3e3a"


@dataclass(frozen=True)
class Source:
    """An MLflow registry at `uri`, and where its artifacts are."""

    uri: str
    artifacts: Path

    @property
    def client(self) -> Any:
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)

    @contextmanager
    def used(self, registry: str = "") -> Iterator[Any]:
        """Let MLflow's own functions use this registry, or its runs with another one, and give the module."""
        import mlflow

        with mlflow_set_to(self.uri, registry or self.uri), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield mlflow

    def log(self, model: str, columns: str = "ab", *, pickled: bool = False, **params: float) -> str:
        """Train a model, log it with its run, register it; return the run's id."""
        import pandas as pd
        from sklearn.linear_model import LogisticRegression

        data = pd.DataFrame({name: [1.0, 2, 3, 4] for name in columns})
        labels = [0, 1, 0, 1]
        with self.used() as mlflow, mlflow.start_run(experiment_id=self.experiment) as run:
            mlflow.log_params(params)
            mlflow.log_metric("auc", 0.9)
            mlflow.set_tags({"mlflow.source.git.commit": COMMIT, "mlflow.user": "ana"})
            fitted = LogisticRegression(**params).fit(data, labels)
            signature = mlflow.models.infer_signature(data, fitted.predict(data))
            mlflow.sklearn.log_model(
                fitted,
                name="model",
                registered_model_name=model,
                signature=signature,
                pip_requirements=["scikit-learn"],
                serialization_format="cloudpickle" if pickled else "skops",
            )
        return str(run.info.run_id)

    @property
    def experiment(self) -> str:
        """The id of the team's experiment, made when it isn't there."""
        found = self.client.get_experiment_by_name("loans")
        if found is not None:
            return str(found.experiment_id)
        return str(self.client.create_experiment("loans", artifact_location=self.artifacts.as_uri()))

    def register(self, model: str, files: dict[str, bytes | str], **told: Any) -> Any:
        """Register a folder of files that is beside the registry, of which no run tells."""
        folder = self.artifacts / f"by-hand-{len([*self.artifacts.glob('by-hand-*')])}"
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data if isinstance(data, bytes) else data.encode())
        if not self.client.search_registered_models(f"name='{model}'"):
            self.client.create_registered_model(model)
        return self.client.create_model_version(model, folder.as_uri(), **told)


def empty(folder: Path, uri: str = "") -> Source:
    """An MLflow registry without models, in a database in `folder` unless `uri` says where."""
    (folder / "artifacts").mkdir(exist_ok=True)
    return Source(uri or f"sqlite:///{folder}/mlflow.db", folder / "artifacts")


def lived_in(folder: Path) -> Source:
    """Three models: one with stages, aliases, tags and runs, one with tags that say versions and a gap, and
    one without versions; and a prompt."""
    source = empty(folder)
    client = source.client
    for number, columns in enumerate(("a", "ab", "ab"), 1):
        source.log("Churn Model", columns, C=float(number))
    client.transition_model_version_stage("Churn Model", 1, "Archived")
    client.transition_model_version_stage("Churn Model", 2, "Production")
    client.transition_model_version_stage("Churn Model", 3, "Staging")
    client.set_registered_model_alias("Churn Model", "champion", 2)
    client.set_registered_model_alias("Churn Model", "challenger", 3)
    client.update_registered_model("Churn Model", "Finds who leaves")
    client.set_registered_model_tag("Churn Model", "team", "risk")
    client.update_model_version("Churn Model", 3, "With tenure")
    client.set_model_version_tag("Churn Model", "3", "validated", "yes")
    for version in ("0.9.0", "1.0.0", "1.2.0"):
        source.register("credit", {"MLmodel": "flavors: {}\n", "w": version}, tags={"version": version})
    client.delete_model_version("credit", 2)
    client.create_registered_model("no-versions", description="Planned")
    with source.used() as mlflow:
        mlflow.genai.register_prompt("greeting", "Say hello to {{name}}")
    return source
