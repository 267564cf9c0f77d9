"""Models of the libraries that are heavy, run on rows: each gives what the library gave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from building.models import NAMES, ROWS
from rollbook.artifact.running.model_run import ModelRun, Rows, run_model
from rollbook.errors import ModelFailed, Refused
from rollbook.records.signature import Column

if TYPE_CHECKING:
    from pathlib import Path

NAMED = Rows(NAMES, ROWS)
TURNED = Rows((*NAMES[::-1],), [row[::-1] for row in ROWS])


def training() -> tuple[Any, Any]:
    import numpy

    inputs = numpy.random.RandomState(3).rand(80, 3).astype("float32")
    return inputs, (inputs.sum(axis=1) > 1.5).astype(int)


def gives(run: ModelRun, expected: Any, *, name: str = "") -> None:
    output = run.output(name) if name else run.outputs[0]
    assert output is not None
    assert [*output.flat()] == pytest.approx([*expected.ravel().tolist()], rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("ending", ["json", "ubj"])
def test_xgboost(tmp_path: Path, ending: str):
    xgboost = pytest.importorskip("xgboost")
    inputs, labels = training()
    data = xgboost.DMatrix(inputs, labels, feature_names=list(NAMES))
    booster = xgboost.train({"objective": "binary:logistic"}, data, 3)
    booster.save_model(tmp_path / f"m.{ending}")
    expected = booster.predict(xgboost.DMatrix(ROWS, feature_names=list(NAMES)))
    for rows in (NAMED, TURNED, Rows(None, ROWS)):
        gives(run_model(tmp_path / f"m.{ending}", f"xgboost-{ending}", rows), expected)


def test_lightgbm(tmp_path: Path):
    lightgbm = pytest.importorskip("lightgbm")
    inputs, labels = training()
    data = lightgbm.Dataset(inputs, labels, feature_name=list(NAMES))
    booster = lightgbm.train({"objective": "binary", "verbose": -1}, data, 3)
    booster.save_model(tmp_path / "m.txt")
    for rows in (NAMED, TURNED, Rows(None, ROWS)):
        gives(run_model(tmp_path / "m.txt", "lightgbm-text", rows), booster.predict(ROWS))


def test_pytorch(tmp_path: Path):
    torch = pytest.importorskip("torch")
    net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Softmax(1)).eval()
    expected = net(torch.tensor(ROWS)).detach().numpy()
    torch.jit.script(net).save(str(tmp_path / "m.pt"))
    gives(run_model(tmp_path / "m.pt", "torchscript", NAMED), expected)
    torch.export.save(torch.export.export(net, (torch.zeros(4, 3),)), str(tmp_path / "m.pt2"))
    gives(run_model(tmp_path / "m.pt2", "torch-export", NAMED, trust=True), expected)
    torch.save(net, tmp_path / "m.pth")
    with pytest.raises(Refused, match="unpickled"):
        run_model(tmp_path / "m.pth", "pytorch", NAMED)
    gives(run_model(tmp_path / "m.pth", "pytorch", NAMED, trust=True), expected)
    torch.save(net.state_dict(), tmp_path / "weights.pth")
    with pytest.raises(ModelFailed, match="such as weights"):
        run_model(tmp_path / "weights.pth", "pytorch", NAMED, trust=True)


def test_pytorch_with_several_inputs_and_outputs(tmp_path: Path):
    torch = pytest.importorskip("torch")

    class Two(torch.nn.Module):  # type: ignore[misc,name-defined,unused-ignore]
        def forward(self, x, z):  # type: ignore[no-untyped-def]
            return {"sum": (x + z).sum(1), "first": x[:, 0]}

    traced = torch.jit.trace(Two(), (torch.zeros(2, 2), torch.zeros(2, 2)), strict=False)
    traced.save(str(tmp_path / "m.pt"))
    inputs = [Column(name, "float32", (-1, 2)) for name in ("x", "z")]
    rows = Rows(("z", "x"), [[[1, 2], [3, 4]], [[5, 6], [7, 8]]])
    run = run_model(tmp_path / "m.pt", "torchscript", rows, inputs=inputs)
    sums, first = run.output("sum"), run.output("first")
    assert sums is not None
    assert first is not None
    assert (sums.values, first.values) == ([10, 26], [3, 7])


def test_tensorflow_and_keras(tmp_path: Path):
    keras = pytest.importorskip("keras")
    pytest.importorskip("tensorflow")
    import numpy

    layers = [keras.Input((3,)), keras.layers.Dense(2, activation="softmax")]
    model = keras.Sequential(layers)
    expected = model.predict(numpy.array(ROWS), verbose=0)
    model.save(tmp_path / "m.keras")
    gives(run_model(tmp_path / "m.keras", "keras", NAMED), expected)
    model.export(str(tmp_path / "saved"), verbose=False)
    gives(run_model(tmp_path / "saved", "tf-saved-model", NAMED), expected)


def test_a_lambda_in_keras_is_not_run_without_trust(tmp_path: Path):
    keras = pytest.importorskip("keras")
    pytest.importorskip("tensorflow")
    keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda x: x * 2)]).save(tmp_path / "m.keras")
    with pytest.raises(ModelFailed, match="can't be loaded"):
        run_model(tmp_path / "m.keras", "keras", NAMED)


def test_mlflow(tmp_path: Path):
    pytest.importorskip("mlflow")
    import mlflow.onnx
    import mlflow.sklearn
    import pandas
    from mlflow.models import infer_signature
    from skl2onnx import to_onnx
    from sklearn.linear_model import LogisticRegression

    inputs, labels = training()
    frame = pandas.DataFrame(inputs.astype("float64"), columns=list(NAMES))
    model = LogisticRegression().fit(frame, labels)
    signature = infer_signature(frame, model.predict(frame))
    mlflow.sklearn.save_model(
        model, tmp_path / "plain", signature=signature, serialization_format="cloudpickle"
    )
    with pytest.raises(Refused, match=r"mlflow\.sklearn"):
        run_model(tmp_path / "plain", "mlflow-model", NAMED)
    expected = model.predict(pandas.DataFrame(ROWS, columns=list(NAMES)))
    gives(run_model(tmp_path / "plain", "mlflow-model", TURNED, trust=True), expected)
    graph = to_onnx(model, inputs[:1], options={"zipmap": False})
    mlflow.onnx.save_model(graph, tmp_path / "onnx")
    gives(run_model(tmp_path / "onnx", "mlflow-model", Rows(None, ROWS)), expected, name="label")
