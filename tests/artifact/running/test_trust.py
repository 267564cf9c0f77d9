"""Which models are run without anyone having said that they are trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from building.models import running, trained, written
from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
from rollbook.artifact.running.trust import require_trust
from rollbook.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path

MLMODEL = "flavors:\n  python_function:\n    loader_module: {loader}\n    data: model.onnx\n{more}"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder as MLflow writes one of a model in ONNX."""
    folder = tmp_path / "model"
    folder.mkdir()
    written(folder, "MLmodel", MLMODEL.format(loader="mlflow.onnx", more="").encode())
    written(folder, "model.onnx", trained().onnx)
    written(folder, "requirements.txt", b"mlflow==3\n")
    return folder


@pytest.mark.parametrize("form", ["onnx", "skops", "xgboost-json", "lightgbm-text", "torchscript", "keras"])
def test_a_format_that_is_not_unpickled_needs_no_trust(tmp_path: Path, form: str):
    require_trust(tmp_path, form, trust=False, isolation="bubblewrap")


@pytest.mark.parametrize("form", ["pickle", "joblib", "pytorch", "torch-export"])
def test_a_format_that_is_unpickled_needs_trust(tmp_path: Path, form: str):
    with pytest.raises(Refused, match="it is unpickled"):
        require_trust(tmp_path, form, trust=False, isolation="bubblewrap")
    require_trust(tmp_path, form, trust=True, isolation="none")


def test_an_mlflow_model_of_data_alone_needs_no_trust(model: Path):
    require_trust(model, "mlflow-model", trust=False, isolation="bubblewrap")
    stored = {path.name: path for path in model.iterdir()}
    require_trust(
        ArtifactBytes("model", stored, is_folder=True), "mlflow-model", trust=False, isolation="bubblewrap"
    )


@pytest.mark.parametrize(
    ("loader", "more"),
    [
        ("mlflow.sklearn", ""),
        ("mlflow.pyfunc.model", ""),
        ("own_module", ""),
        ("[mlflow.onnx]", ""),
        ("mlflow.onnx", "    code: code\n"),
    ],
)
def test_an_mlflow_model_that_brings_its_own_loader_or_code_needs_trust(model: Path, loader: str, more: str):
    written(model, "MLmodel", MLMODEL.format(loader=loader, more=more).encode())
    with pytest.raises(Refused, match="needs trust"):
        require_trust(model, "mlflow-model", trust=False, isolation="bubblewrap")


@pytest.mark.parametrize("name", ["model.pkl", "data/renamed.onnx", "loader.py"])
def test_an_mlflow_model_with_a_pickle_or_code_in_it_needs_trust(model: Path, name: str):
    (model / name).parent.mkdir(exist_ok=True)
    written(model, name, running("1"))
    with pytest.raises(Refused, match=name):
        require_trust(model, "mlflow-model", trust=False, isolation="bubblewrap")


@pytest.mark.parametrize("text", [b"", b"\xff", b"flavors: [1]", b"a: &a [*a]", b"x" * (2 << 20)])
def test_an_mlflow_model_that_can_not_be_read_needs_trust(model: Path, text: bytes):
    written(model, "MLmodel", text)
    with pytest.raises(Refused, match="needs trust"):
        require_trust(model, "mlflow-model", trust=False, isolation="bubblewrap")


def test_a_graph_that_may_write_files_needs_trust_where_it_is_not_kept_from_them(tmp_path: Path):
    require_trust(tmp_path, "tf-saved-model", trust=False, isolation="bubblewrap")
    require_trust(tmp_path, "tf-saved-model", trust=True, isolation="none")
    with pytest.raises(Refused, match="nothing keeps it from your files"):
        require_trust(tmp_path, "tf-saved-model", trust=False, isolation="namespaces")


def test_an_attack_is_not_run_whatever_is_trusted(tmp_path: Path):
    attack = written(tmp_path, "m.pkl", running("import os; os.system('id')"))
    with pytest.raises(Refused, match="trusted or not: malicious"):
        require_trust(attack, "pickle", trust=True, isolation="bubblewrap")
    folder = ArtifactBytes("model", {"deep/m.pkl": attack}, is_folder=True)
    with pytest.raises(Refused, match="trusted or not: malicious"):
        require_trust(folder, "mlflow-model", trust=True, isolation="bubblewrap")
