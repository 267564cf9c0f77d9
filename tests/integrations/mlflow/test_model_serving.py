"""`mlflow models serve` of what a registry has in a stage."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("mlflow.server", reason="runs with the full MLflow")

from building.mlflow_course import MODEL, copied, trained
from building.mlflow_server import listening
from building.once import made_once

if TYPE_CHECKING:
    from pathlib import Path


def test_the_version_in_production_answers_over_http(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    import mlflow
    from sklearn.datasets import load_wine

    course = copied(made_once(tmp_path_factory, "mlflow-course", trained), tmp_path)
    assert course.run("promote.py", MODEL, "3", "Production").code == 0
    rows = load_wine(as_frame=True).data.head(5)
    asked = json.dumps({"dataframe_split": rows.to_dict(orient="split", index=False)}).encode()
    with course.as_environment():
        expected = mlflow.pyfunc.load_model(f"models:/{MODEL}/3").predict(rows).tolist()
    command = ("models", "serve", "-m", f"models:/{MODEL}/Production", "--env-manager", "local")
    settings = {"MLFLOW_REGISTRY_URI": course.registry, "MLFLOW_TRACKING_URI": course.tracking}
    with listening(tmp_path, *command, answers="/ping", environment=settings) as address:
        request = urllib.request.Request(
            f"{address}/invocations", data=asked, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert json.load(answer) == {"predictions": expected}
