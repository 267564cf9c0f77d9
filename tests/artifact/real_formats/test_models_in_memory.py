"""Objects of the libraries that are heavy, written and run again: each file gives what the object gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rollbook.artifact.formats.detection import detect_format
from rollbook.artifact.running.answers import Output
from rollbook.artifact.running.model_run import Rows, run_model
from rollbook.errors import Refused
from rollbook.propose.in_memory.asked_outputs import asked_outputs
from rollbook.propose.in_memory.sample_table import sample_table
from rollbook.propose.in_memory.writers import choose_writer
from rollbook.propose.in_memory.written_model import WritingRequest
from rollbook.records.signature import columns

if TYPE_CHECKING:
    from pathlib import Path

    from rollbook.propose.in_memory.written_model import WrittenModel

NAMES = ["age", "income", "debt"]


def table() -> tuple[Any, Any]:
    import numpy
    import pandas

    frame = pandas.DataFrame(numpy.random.RandomState(3).rand(80, 3).astype("float32"), columns=NAMES)
    return frame, (frame.sum(axis=1) > 1.5).astype(int)


def written(folder: Path, model: Any, sample: Any, **asked: Any) -> tuple[str, WrittenModel]:
    """Write an object; return its format, and what was written."""
    form, flavor = asked.pop("format", None), asked.get("flavor")
    chosen = choose_writer(model, form, flavor)
    given = None if sample is None else sample_table(sample)
    request = WritingRequest(format=chosen.format, folder=folder, sample=given, **asked)
    made = chosen.writer(model, request)
    assert detect_format(made.path) == chosen.format
    assert [*folder.iterdir()] == [made.path]
    return chosen.format, made


def gives(form: str, made: WrittenModel, sample: Any, expected: Any, *, name: str = "") -> None:
    """The file, in a process of its own, and the object itself both give what is expected."""
    given = sample_table(sample)
    assert made.ask is not None
    (asked, *_), _ = asked_outputs(made.ask, given)
    run = run_model(
        made.path,
        form,
        Rows(given.names, given.cells),
        inputs=tuple(columns({"inputs": [*given.inputs]}, "inputs").values()),
        trust=made.needs_trust,
        trusted_types=made.trusted_types,
    )
    output = run.output(name) if name else run.outputs[0]
    assert output is not None
    wanted = pytest.approx([*expected.ravel().tolist()], rel=1e-4, abs=1e-6)
    assert [*output.flat()] == wanted
    if not name:
        assert (asked["name"], asked["dtype"]) == (output.name, output.dtype)
        own = Output(asked["name"], asked["dtype"], tuple(asked["shape"]), asked["values"])
        assert [*own.flat()] == wanted


@pytest.mark.parametrize("form", ["xgboost-ubj", "xgboost-json"])
def test_an_xgboost_classifier(tmp_path: Path, form: str):
    xgboost = pytest.importorskip("xgboost")
    frame, labels = table()
    model = xgboost.XGBClassifier(n_estimators=3).fit(frame, labels)
    found, made = written(tmp_path, model, frame.head(), format=form)
    assert found == form
    assert any("no labels" in remark for remark in made.remarks)
    gives(found, made, frame.head(), model.predict_proba(frame.head())[:, 1])


def test_a_booster_of_xgboost(tmp_path: Path):
    xgboost = pytest.importorskip("xgboost")
    frame, labels = table()
    booster = xgboost.train({"max_depth": 2}, xgboost.DMatrix(frame, labels), 3)
    form, made = written(tmp_path, booster, frame.head())
    gives(form, made, frame.head(), booster.predict(xgboost.DMatrix(frame.head())))


def test_an_own_class_upon_xgboost_is_said_to_lose_what_it_adds(tmp_path: Path):
    xgboost = pytest.importorskip("xgboost")
    frame, labels = table()

    class Own(xgboost.XGBRegressor):  # type: ignore[misc,name-defined,unused-ignore]
        pass

    _, made = written(tmp_path, Own(n_estimators=2).fit(frame, labels), None)
    assert made.remarks == ["what the class Own adds to xgboost is not in the file"]


def test_lightgbm(tmp_path: Path):
    lightgbm = pytest.importorskip("lightgbm")
    frame, labels = table()
    model = lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(frame, labels)
    for number, one in enumerate((model, model.booster_)):
        folder = tmp_path / str(number)
        folder.mkdir()
        form, made = written(folder, one, frame.head())
        assert form == "lightgbm-text"
        gives(form, made, frame.head(), model.predict_proba(frame.head())[:, 1])


def test_catboost(tmp_path: Path):
    catboost = pytest.importorskip("catboost")
    frame, labels = table()
    model = catboost.CatBoostClassifier(iterations=3, verbose=0, allow_writing_files=False).fit(frame, labels)
    form, made = written(tmp_path, model, frame.head())
    assert form == "catboost"
    gives(form, made, frame.head(), model.predict(frame.head()))
    gives(form, made, frame.head(), model.predict_proba(frame.head()), name="probabilities")


def test_catboost_with_categories_takes_their_texts(tmp_path: Path):
    catboost = pytest.importorskip("catboost")
    frame, labels = table()
    frame["city"] = ["Ulm", "Bonn"] * 40
    model = catboost.CatBoostRegressor(iterations=3, verbose=0, allow_writing_files=False)
    model.fit(frame, labels, cat_features=["city"])
    form, made = written(tmp_path, model, frame.head())
    gives(form, made, frame.head(), model.predict(frame.head()))


def network() -> Any:
    torch = pytest.importorskip("torch")
    layers = [torch.nn.Linear(3, 4), torch.nn.Dropout(), torch.nn.Linear(4, 2)]
    return torch.nn.Sequential(*layers)


def still(model: Any, rows: Any) -> Any:
    """What a network gives when it is not trained."""
    import copy

    import torch

    return copy.deepcopy(model).eval()(torch.from_numpy(rows)).detach().numpy()


@pytest.mark.parametrize("form", ["torchscript", "torch-export", "pytorch"])
def test_a_network_of_pytorch_in_any_format_that_carries_it_whole(tmp_path: Path, form: str):
    model, rows = network(), table()[0].to_numpy()[:4]
    found, made = written(tmp_path, model, rows, format=form)
    assert made.needs_trust == (form != "torchscript")
    gives(found, made, rows, still(model, rows))


def test_a_network_is_in_training_after_it_was_written_as_it_was_before(tmp_path: Path):
    model, rows = network(), table()[0].to_numpy()[:4]
    model[1].eval()
    before = [module.training for module in model.modules()]
    _, made = written(tmp_path, model, rows)
    assert made.ask is not None
    asked_outputs(made.ask, sample_table(rows))
    assert [module.training for module in model.modules()] == before == [True, True, False, True]


def test_a_network_that_can_not_be_scripted_is_traced_on_the_sample_and_that_is_said(tmp_path: Path):
    torch = pytest.importorskip("torch")

    class Net(torch.nn.Module):  # type: ignore[misc,name-defined,unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.last = torch.nn.Linear(3, 2)

        def forward(self, x: Any, **_: Any) -> Any:
            return self.last(x)

    model, rows = Net(), table()[0].to_numpy()[:4]
    form, made = written(tmp_path, model, rows)
    assert any("traced on the sample" in remark for remark in made.remarks)
    gives(form, made, rows, still(model, rows))
    (tmp_path / "model.pt").unlink()
    with pytest.raises(Refused, match="can't be scripted") as caught:
        written(tmp_path, model, None)
    assert "torch-export" in caught.value.hint


def test_weights_alone_are_said_to_be_no_model(tmp_path: Path):
    form, made = written(tmp_path, network(), None, format="safetensors")
    assert (form, made.ask) == ("safetensors", None)
    assert made.remarks == ["it holds weights alone, and can't be run by itself"]


def test_keras_with_one_input_and_with_several(tmp_path: Path):
    keras = pytest.importorskip("keras")
    pytest.importorskip("tensorflow")
    rows = table()[0].to_numpy()[:4]
    one = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="softmax")])
    form, made = written(tmp_path, one, rows)
    assert form == "keras"
    gives(form, made, rows, one.predict(rows, verbose=0))
    made.path.unlink()
    inputs = [keras.Input((3,), name="x"), keras.Input((2,), name="z")]
    outputs = {"sum": keras.layers.Dense(1)(keras.layers.Concatenate()(inputs))}
    several, sample = keras.Model(inputs, outputs), {"x": rows, "z": rows[:, :2]}
    form, made = written(tmp_path, several, sample)
    gives(form, made, sample, several.predict(sample, verbose=0)["sum"])


def test_mlflow_takes_what_it_has_a_flavour_for(tmp_path: Path):
    pytest.importorskip("mlflow")
    from sklearn.linear_model import LogisticRegression

    frame, labels = table()
    model = LogisticRegression().fit(frame, labels)
    form, made = written(tmp_path, model, frame.head(), flavor="sklearn", requirements=["scikit-learn"])
    assert (form, made.needs_trust) == ("mlflow-model", True)
    assert "scikit-learn" in (made.path / "requirements.txt").read_text().split()
    gives(form, made, frame.head(), model.predict(frame.head()))


def test_mlflow_runs_a_python_model_that_was_asked_for(tmp_path: Path):
    pyfunc = pytest.importorskip("mlflow.pyfunc")

    class Sum(pyfunc.PythonModel):  # type: ignore[misc,name-defined,unused-ignore]
        def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
            return model_input.sum(axis=1)

    Sum.__module__ = "__main__"  # as in a notebook: its code goes along
    frame, _ = table()
    with pytest.raises(Refused, match="no safe format"):
        written(tmp_path, Sum(), frame.head())
    form, made = written(tmp_path, Sum(), frame.head(), flavor="pyfunc")
    gives(form, made, frame.head(), frame.head().sum(axis=1).to_numpy())


def test_a_pipeline_around_xgboost_is_written_once_its_types_are_trusted(tmp_path: Path):
    xgboost = pytest.importorskip("xgboost")
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    frame, labels = table()
    model = make_pipeline(StandardScaler(), xgboost.XGBClassifier(n_estimators=3)).fit(frame, labels)
    with pytest.raises(Refused, match=r"xgboost\.core\.Booster, xgboost\.sklearn\.XGBClassifier"):
        written(tmp_path, model, frame.head())
    (tmp_path / "model.raw").unlink()
    trusted = ["xgboost.core.Booster", "xgboost.sklearn.XGBClassifier"]
    form, made = written(tmp_path, model, frame.head(), trusted_types=trusted)
    gives(form, made, frame.head(), model.predict(frame.head()))
