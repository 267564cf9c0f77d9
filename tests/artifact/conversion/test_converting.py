"""Models written in another format by the libraries that do so, in a process that is shut in."""

from __future__ import annotations

import io
import json
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from building.models import NAMES, ROWS, running, trained, unscanned, written
from rollbook.artifact.conversion.conversions import CONVERSIONS, TARGETS, conversion_of
from rollbook.artifact.conversion.converting import Converted, convert
from rollbook.artifact.conversion.output_comparison import OutputComparison, compare_outputs
from rollbook.artifact.formats.detection import detect_format
from rollbook.artifact.running import sandbox
from rollbook.artifact.running.bounded_process import Limits
from rollbook.artifact.running.model_child.converters import CONVERTERS
from rollbook.artifact.running.model_run import Rows
from rollbook.artifact.running.version_run import RunSettings, run_artifact
from rollbook.errors import BadCall, ModelFailed, Refused

if TYPE_CHECKING:
    from pathlib import Path

TRUSTED = RunSettings(trust=True, repeats=0)
SHUT_IN = pytest.mark.skipif(sandbox.isolation() != "bubblewrap", reason="bubblewrap does not work here")
CITIES = ["Ulm", "Bonn", "Ulm", "Kiel"]


def dumped(model: Any) -> bytes:
    import joblib

    packed = io.BytesIO()
    joblib.dump(model, packed)
    return packed.getvalue()


def converted(
    folder: Path, data: bytes, source: str, target: str, rows: Rows, settings: RunSettings = TRUSTED
) -> Converted:
    artifact = written(folder, "model.bin", data)
    return convert(artifact, conversion_of(source, target), rows, {}, settings, folder / f"made.{target}")


def compared(folder: Path, made: Converted, source: str, target: str, rows: Rows) -> OutputComparison:
    """Run what `converted` took and what it made, and compare."""
    before = run_artifact(folder / "model.bin", source, {}, rows, TRUSTED)
    after = run_artifact(made.path, target, made.signature or {}, rows, TRUSTED)
    return compare_outputs(before.outputs, after.outputs)


def test_the_table_is_that_of_the_process_that_converts():
    assert {(one.source, one.target) for one in CONVERSIONS} == CONVERTERS.keys()
    assert {one.target for one in CONVERSIONS} == set(TARGETS)
    for one in CONVERSIONS:
        assert one.converter == CONVERTERS[one.source, one.target][1][0]


def test_a_pair_that_there_is_not_is_refused_with_those_that_there_are():
    with pytest.raises(Refused) as refused:
        conversion_of("keras", "onnx")
    assert str(refused.value) == "keras can't be converted to onnx"
    assert "skops from joblib, pickle; torchscript from pytorch" in str(refused.value.hint)


@pytest.mark.parametrize("source", ["joblib", "skops"])
def test_a_classifier_fitted_on_arrays_becomes_onnx_with_one_input(tmp_path: Path, source: str):
    rows = Rows(None, ROWS)
    made = converted(tmp_path, getattr(trained(), source), source, "onnx", rows)
    assert made.signature is not None
    assert made.signature["inputs"] == [{"name": "X", "dtype": "float64", "shape": [-1, 3]}]
    assert [one["name"] for one in made.signature["outputs"]] == ["label", "probabilities"]
    comparison = compared(tmp_path, made, source, "onnx", rows)
    assert comparison.passed
    assert [(one.before, one.after) for one in comparison.outputs] == [
        ("prediction", "label"),
        ("probabilities", "probabilities"),
    ]


@pytest.mark.parametrize("target", ["onnx", "skops"])
def test_what_is_converted_twice_is_the_same(tmp_path: Path, target: str):
    (tmp_path / "again").mkdir()
    rows = Rows(None, ROWS)
    first = converted(tmp_path, trained().joblib, "joblib", target, rows)
    second = converted(tmp_path / "again", trained().joblib, "joblib", target, rows)
    assert first.path.read_bytes() == second.path.read_bytes()


def test_a_model_that_knows_its_columns_by_name_keeps_the_names_as_inputs(tmp_path: Path):
    import pandas
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    table = pandas.DataFrame({"age": [21, 35, 62, 47], "income": [1.5, 3.2, 2.2, 0.4], "city": CITIES})
    columns = ColumnTransformer(
        [("n", StandardScaler(), ["age", "income"]), ("c", OneHotEncoder(handle_unknown="ignore"), ["city"])]
    )
    model = make_pipeline(columns, LogisticRegression()).fit(table, ["no", "yes", "yes", "no"])
    rows = Rows(("city", "age", "income"), [[row[2], row[0], row[1]] for row in table.to_numpy().tolist()])
    made = converted(tmp_path, dumped(model), "joblib", "onnx", rows)
    assert made.signature is not None
    assert [one["name"] for one in made.signature["inputs"]] == ["age", "income", "city"]
    assert compared(tmp_path, made, "joblib", "onnx", rows).passed


def test_whole_numbers_beside_fractions_are_not_cut_off(tmp_path: Path):
    import pandas
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    table = pandas.DataFrame({"age": [1, 2, 3, 4], "income": [0.1, 0.9, 0.4, 0.2]})
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(table, [0, 1, 1, 0])
    rows = Rows(("age", "income"), [[int(age), income] for age, income in table.to_numpy().tolist()])
    made = converted(tmp_path, dumped(model), "joblib", "onnx", rows)
    assert compared(tmp_path, made, "joblib", "onnx", rows).passed


@pytest.mark.parametrize("name", ["GradientBoostingRegressor", "IsolationForest", "LinearRegression"])
def test_models_that_predict_numbers_or_no_probabilities(tmp_path: Path, name: str):
    import numpy
    from sklearn import ensemble, linear_model

    kind = getattr(ensemble, name, None) or getattr(linear_model, name)
    inputs = numpy.random.RandomState(5).rand(60, 3)
    model = kind().fit(inputs, inputs.sum(axis=1))
    rows = Rows(None, ROWS)
    made = converted(tmp_path, dumped(model), "joblib", "onnx", rows)
    assert compared(tmp_path, made, "joblib", "onnx", rows).passed


def test_numbers_that_single_precision_cannot_hold_are_found(tmp_path: Path):
    """ONNX's trees give floats, so a regressor is converted in them: seconds since 1970 run together."""
    import numpy
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.tree import DecisionTreeRegressor

    moments = (1.7e9 + numpy.arange(100.0)).reshape(-1, 1)
    model = make_pipeline(StandardScaler(), DecisionTreeRegressor()).fit(moments, numpy.arange(100.0))
    rows = Rows(None, moments[:8].tolist())
    made = converted(tmp_path, dumped(model), "joblib", "onnx", rows)
    comparison = compared(tmp_path, made, "joblib", "onnx", rows)
    assert not comparison.passed
    assert comparison.metrics()["max_absolute_difference"] >= 1


def test_what_the_library_can_not_convert_is_said(tmp_path: Path):
    import numpy
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    model = make_pipeline(FunctionTransformer(numpy.log1p), LinearRegression())
    model.fit(numpy.array(ROWS), [1.0, 2.0, 3.0, 4.0])
    with pytest.raises(ModelFailed, match="the model can't be converted"):
        converted(tmp_path, dumped(model), "joblib", "onnx", Rows(None, ROWS))


def test_a_pickle_becomes_skops(tmp_path: Path):
    import skops.io

    rows = Rows(NAMES, ROWS)
    made = converted(tmp_path, pickle.dumps(skops.io.loads(trained().skops)), "pickle", "skops", rows)
    assert detect_format(made.path) == "skops"
    assert (made.signature, made.trusted_types) == (None, ())
    assert compared(tmp_path, made, "pickle", "skops", rows).passed


def test_types_that_skops_does_not_know_are_told(tmp_path: Path):
    import numpy
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    model = make_pipeline(FunctionTransformer(json.dumps), FunctionTransformer(numpy.abs))
    made = converted(tmp_path, dumped(model), "joblib", "skops", Rows(None, ROWS))
    assert "json.dumps" in made.trusted_types


def test_nothing_is_unpickled_without_trust(tmp_path: Path):
    with pytest.raises(Refused, match="needs trust: it is unpickled"):
        converted(tmp_path, trained().joblib, "joblib", "onnx", Rows(None, ROWS), RunSettings())
    assert not (tmp_path / "made.onnx").exists()


def test_skops_with_its_own_types_needs_no_trust(tmp_path: Path):
    made = converted(tmp_path, trained().skops, "skops", "onnx", Rows(None, ROWS), RunSettings())
    assert detect_format(made.path) == "onnx"


@pytest.fixture
def believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scan that finds no attack in anything."""
    unscanned(monkeypatch)


def test_an_attack_is_not_converted_trusted_or_not(tmp_path: Path):
    with pytest.raises(Refused, match="trusted or not"):
        converted(tmp_path, running("import os\nos.system('id')"), "pickle", "skops", Rows(None, ROWS))


def hostile(folder: Path, code: str, limits: Limits | None = None) -> str:
    """What is said of a pickle that runs a program instead of being a model."""
    settings = RunSettings(trust=True, limits=limits or Limits(seconds=20))
    with pytest.raises((ModelFailed, BadCall)) as failed:
        converted(folder, running(code), "pickle", "skops", Rows(None, ROWS), settings)
    return str(failed.value)


@pytest.mark.usefixtures("believed")
def test_a_pickle_that_loops_is_ended(tmp_path: Path):
    said = hostile(tmp_path, "while True: pass", Limits(seconds=1))
    assert said == "the model was ended: it was not done after 1 s"


@SHUT_IN
@pytest.mark.usefixtures("believed")
def test_a_pickle_writes_no_file_but_the_one_that_it_is_to_write(tmp_path: Path):
    beside = tmp_path / "beside"
    code = (
        "import os\n"
        f"for place in ({str(beside)!r}, {str(tmp_path / 'model.bin')!r}, '/run/rollbook/output/other',\n"
        "              '/run/rollbook/model/other', '/run/rollbook/model/model.bin'):\n"
        "  try: open(place, 'w').write('x')\n"
        "  except OSError: continue\n"
        "  if place.startswith('/run'): raise SystemExit(place)\n"
        "try: os.remove('/run/rollbook/output/made.skops')\n"
        "except OSError as error: raise ValueError(f'kept: {error.strerror}')\n"
    )
    assert "kept: " in hostile(tmp_path, code)
    assert not beside.exists()
    assert (tmp_path / "model.bin").read_bytes() == running(code)


@SHUT_IN
@pytest.mark.usefixtures("believed")
def test_what_a_pickle_writes_itself_is_not_taken_for_what_was_converted(tmp_path: Path):
    code = (
        "import os\nopen('/run/rollbook/output/made.skops', 'w').write('mine')\n"
        "for number in range(3, 30):\n"
        '  try: os.write(number, b\'{"size": 4, "inputs": null, "outputs": null, '
        '"trusted_types": [], "tensors": null, "counterparts": {}, "notes": [], "versions": {}}\')\n'
        "  except OSError: pass\n"
        "os._exit(0)"
    )
    assert hostile(tmp_path, code) == "what was converted is not skops, but binary"


def test_what_is_written_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("rollbook.artifact.conversion.converting.MOST_BYTES", 1000)
    with pytest.raises(ModelFailed, match="File too large"):
        converted(tmp_path, trained().joblib, "joblib", "skops", Rows(None, ROWS))


@pytest.mark.parametrize("means", ["namespaces", "none"])
def test_it_is_converted_where_less_can_be_shut_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, means: str
):
    if means == "namespaces" and sandbox.isolation() == "none":
        pytest.skip("this system lets nothing be shut in")
    monkeypatch.setattr(sandbox, "_isolation", lambda _: means)
    made = converted(tmp_path, trained().joblib, "joblib", "skops", Rows(None, ROWS))
    assert (made.isolation, detect_format(made.path)) == (means, "skops")
