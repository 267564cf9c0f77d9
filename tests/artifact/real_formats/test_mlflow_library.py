"""Models that MLflow saves: their signature is the one that it loads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from artifact.formats.samples import artifact_at
from rollbook.artifact.formats.detection import detect_format
from rollbook.artifact.formats.reading import read_contents

if TYPE_CHECKING:
    from pathlib import Path

mlflow = pytest.importorskip("mlflow")
pd = pytest.importorskip("pandas")

_ROWS = {
    "table": pd.DataFrame({"a": [1.0], "b": [1], "s": ["x"], "t": [True], "d": [pd.Timestamp("2026-01-01")]}),
    "tensor": np.zeros((2, 3, 4), dtype=np.float16),
    "tensors": {"x": np.zeros((2, 3), dtype=np.int8), "y": np.zeros(2)},
    "lists": [{"a": [1, 2], "b": {"c": "x"}}],
}


class _Same(mlflow.pyfunc.PythonModel):  # type: ignore[misc, name-defined]
    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        return model_input


@pytest.mark.parametrize("what", _ROWS)
@pytest.mark.filterwarnings("ignore")
def test_the_signature_has_the_columns_of_mlflows_own(tmp_path: Path, what: str) -> None:
    signature = mlflow.models.infer_signature(_ROWS[what], np.zeros(2))
    path = tmp_path / "m"
    mlflow.pyfunc.save_model(path, python_model=_Same(), signature=signature, pip_requirements=["pandas"])
    assert detect_format(path) == "mlflow-model"
    contents = read_contents(artifact_at(path), "mlflow-model")
    loaded = mlflow.models.Model.load(path)
    assert contents.inputs is not None
    names = (
        loaded.get_input_schema().input_names() if loaded.get_input_schema().has_input_names() else ["input"]
    )
    assert [column.name for column in contents.inputs] == names
    assert contents.facts["mlflow_version"] == mlflow.__version__
    assert contents.facts["model_uuid"] == loaded.model_uuid
    assert not any("is left out" in remark for remark in contents.remarks)
