"""Write the samples of MLflow: needs mlflow-skinny, scikit-learn, skops and ONNX.

python tests/artifact/formats/samples/write_mlflow.py
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import mlflow
import numpy as np
import onnx
import pandas as pd
from mlflow.models import ModelSignature, infer_signature
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema
from mlflow.types.schema import Array
from sklearn.linear_model import LogisticRegression

HERE = Path(__file__).parent
REQUIREMENTS = ["scikit-learn==1.7.2"]


class Doubles(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
        return model_input * 2


def save_sklearn(path: Path) -> None:
    rows = pd.DataFrame({"income": [1.0, 2.0, 3.0], "age": [20, 30, 40]})
    fitted = LogisticRegression().fit(rows, [0, 1, 1])
    mlflow.sklearn.save_model(
        fitted,
        path,
        signature=infer_signature(rows, fitted.predict(rows)),
        input_example=rows[:1],
        pip_requirements=REQUIREMENTS,
        serialization_format="skops",
    )


def save_onnx(path: Path) -> None:
    model = onnx.load(HERE / "onnx" / "classifier.onnx")
    mlflow.onnx.save_model(model, path, pip_requirements=["onnx==1.19.0"])


def save_python(path: Path) -> None:
    """A model of a pickled class, with code beside it, a parameter, and inputs of MLflow's own types."""
    (HERE / "own_code.py").write_text("VALUE = 1\n")
    signature = ModelSignature(
        Schema([ColSpec("string", "text"), ColSpec(Array("long"), "counts", required=False)]),
        infer_signature(np.zeros((2, 3), dtype=np.float32)).inputs,
        ParamSchema([ParamSpec("temperature", "double", 0.5)]),
    )
    mlflow.pyfunc.save_model(
        path,
        python_model=Doubles(),
        signature=signature,
        code_paths=[str(HERE / "own_code.py")],
        pip_requirements=["pandas==2.3.3"],
    )
    (HERE / "own_code.py").unlink()


def main() -> None:
    folder = HERE / "mlflow-model"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    save_sklearn(folder / "sklearn")
    save_onnx(folder / "onnx")
    save_python(folder / "python")
    for file in folder.glob("*/MLmodel"):  # the same bytes each time
        text = re.sub(r"(model_uuid: ).*", r"\g<1>" + "0123456789abcdef" * 2, file.read_text())
        file.write_text(re.sub(r"(utc_time_created: ).*", r"\g<1>'2026-01-01 00:00:00.000000'", text))


if __name__ == "__main__":
    main()
