"""A model run on rows: what comes out, in each format that needs no heavy library, and what is refused."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from building.models import NAMED_ROWS, NAMES, ROWS, graph, trained, written
from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
from rollbook.artifact.running import model_run
from rollbook.artifact.running.bounded_process import Limits
from rollbook.artifact.running.model_run import Rows, run_model
from rollbook.errors import BadCall, ModelFailed, Refused
from rollbook.records.signature import Column

if TYPE_CHECKING:
    from pathlib import Path

NAMED = Rows(NAMES, ROWS)
NAMELESS = Rows(None, ROWS)


@pytest.mark.parametrize("rows", [NAMED, NAMELESS], ids=["named", "nameless"])
def test_an_onnx_model_gives_what_the_estimator_gave_that_it_was_made_of(tmp_path: Path, rows: Rows):
    run = run_model(written(tmp_path, "m.onnx", trained().onnx), "onnx", rows)
    labels, probabilities = run.output("label"), run.output("probabilities")
    assert labels is not None
    assert (labels.dtype, labels.shape, labels.values) == ("int64", (4,), trained().labels)
    assert probabilities is not None
    assert probabilities.dtype == "float32"
    assert [*probabilities.flat()] == pytest.approx([one for row in trained().probabilities for one in row])


def test_a_run_says_how_long_it_took_what_it_took_and_what_ran_it(tmp_path: Path):
    run = run_model(written(tmp_path, "m.onnx", trained().onnx), "onnx", NAMED, repeats=5)
    assert len(run.latencies) == 5
    assert run.load_seconds > 0
    assert run.peak_memory > 1 << 20
    assert run.rows == 4
    assert {"python", "onnxruntime", "numpy"} <= run.versions.keys()
    assert run.isolation in ("bubblewrap", "namespaces", "none")


@pytest.mark.parametrize("form", ["joblib", "skops"])
def test_an_estimator_gives_its_predictions_and_its_probabilities(tmp_path: Path, form: str):
    artifact = written(tmp_path, f"m.{form}", getattr(trained(), form))
    run = run_model(artifact, form, NAMELESS, trust=form == "joblib")
    assert [output.name for output in run.outputs] == ["prediction", "probabilities"]
    assert run.outputs[0].values == trained().labels
    expected = [one for row in trained().probabilities for one in row]
    assert [*run.outputs[1].flat()] == pytest.approx(expected)
    assert "scikit-learn" in run.versions


def test_columns_are_found_by_their_names_where_the_model_knows_them(tmp_path: Path):
    import pickle

    import pandas
    from sklearn.linear_model import LinearRegression

    model = LinearRegression().fit(pandas.DataFrame({"b": [1.0, 2, 3], "a": [0.0, 0, 1]}), [10.0, 20, 30])
    artifact = written(tmp_path, "m.pkl", pickle.dumps(model))
    run = run_model(artifact, "pickle", Rows(("a", "other", "b"), [[0, 99, 2]]), trust=True)
    assert run.outputs[0].values == pytest.approx([20])
    with pytest.raises(BadCall, match="the rows lack the columns b"):
        run_model(artifact, "pickle", Rows(("a", "other"), [[0, 99]]), trust=True)


def test_inputs_are_found_by_their_names_whatever_the_order_of_the_columns(tmp_path: Path):
    from onnx import TensorProto, helper

    node = helper.make_node("Sub", ["first", "second"], ["difference"])
    ends = [helper.make_tensor_value_info(name, TensorProto.DOUBLE, ["n", 1]) for name in ("first", "second")]
    out = helper.make_tensor_value_info("difference", TensorProto.DOUBLE, ["n", 1])
    model = helper.make_model(helper.make_graph([node], "g", ends, [out]), ir_version=9)
    model.opset_import[0].version = 17
    artifact = written(tmp_path, "m.onnx", model.SerializeToString())
    run = run_model(artifact, "onnx", Rows(("second", "first"), [[1, 5], [2, 9]]))
    assert run.outputs[0].values == [[4.0], [7.0]]


def test_columns_stand_as_the_signature_has_them_where_the_model_knows_no_names(tmp_path: Path):
    artifact = written(tmp_path, "m.onnx", graph("Identity"))
    inputs = [Column(name, "float64", (-1,)) for name in ("c", "a", "b")]
    run = run_model(artifact, "onnx", Rows(("a", "b", "c"), [[1, 2, 3]]), inputs=inputs)
    assert run.outputs[0].values == [[3, 1, 2]]


def test_a_cell_may_be_a_list_where_an_input_is_a_tensor(tmp_path: Path):
    artifact = written(tmp_path, "m.onnx", graph("Relu", rank=3))
    image = [[-1, 2, 3], [4, -5, 6], [7, 8, 9]]
    run = run_model(artifact, "onnx", Rows(("x",), [[image], [image]]))
    assert run.outputs[0].shape == (2, 3, 3)
    assert run.outputs[0].values[1] == [[0, 2, 3], [4, 0, 6], [7, 8, 9]]


def test_what_is_no_finite_number_comes_out_as_it_is(tmp_path: Path):
    run = run_model(written(tmp_path, "m.onnx", graph("Log")), "onnx", Rows(None, [[-1.0, 0.0, 1.0]]))
    strange, infinite, zero = run.outputs[0].values[0]
    assert math.isnan(strange)
    assert infinite == -math.inf
    assert zero == 0


def test_an_artifact_may_be_given_by_where_its_bytes_are(tmp_path: Path):
    stored = written(tmp_path, "0a1b2c", trained().onnx)
    run = run_model(ArtifactBytes("m.onnx", {"m.onnx": stored}), "onnx", NAMED)
    assert run.outputs[0].values == trained().labels


def test_a_folder_may_be_given_by_where_its_bytes_are(tmp_path: Path):
    stored = written(tmp_path, "0a1b2c", trained().onnx)
    folder = ArtifactBytes("model", {"deep/m.onnx": stored}, is_folder=True)
    assert run_model(folder, "onnx", NAMED).outputs[0].values == trained().labels


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        (Rows(None, [[1.0, 2.0]]), "m.onnx|x|dimension|rows"),
        (Rows(None, [["young", 2.0, 3.0]]), "not float32"),
        (Rows(None, [[{"a": 1}, 2.0, 3.0]]), "not float32"),
        (Rows(("x",), [[[1, 2, 3]], [[1, 2]]]), "not float32"),
    ],
)
def test_rows_that_do_not_fit_are_told(tmp_path: Path, rows: Rows, what: str):
    with pytest.raises((BadCall, ModelFailed), match=what):
        run_model(written(tmp_path, "m.onnx", graph("Relu")), "onnx", rows)


def test_a_whole_number_is_not_cut_out_of_a_fraction(tmp_path: Path):
    from onnx import TensorProto, helper

    node = helper.make_node("Identity", ["x"], ["y"])
    ends = [helper.make_tensor_value_info(name, TensorProto.INT64, ["n", 1]) for name in "xy"]
    model = helper.make_model(helper.make_graph([node], "g", ends[:1], ends[1:]), ir_version=9)
    model.opset_import[0].version = 17
    artifact = written(tmp_path, "m.onnx", model.SerializeToString())
    assert run_model(artifact, "onnx", Rows(None, [[2.0]])).outputs[0].values == [[2]]
    with pytest.raises(BadCall, match="not whole"):
        run_model(artifact, "onnx", Rows(None, [[2.5]]))


def test_a_pickle_is_not_run_without_trust(tmp_path: Path):
    with pytest.raises(Refused, match="it is unpickled") as refused:
        run_model(written(tmp_path, "m.joblib", trained().joblib), "joblib", NAMED)
    assert "--trust" in refused.value.hint


def test_types_that_skops_does_not_know_are_loaded_only_when_they_are_named(tmp_path: Path):
    import skops.io
    from sklearn.preprocessing import FunctionTransformer

    class Unheard(FunctionTransformer):  # type: ignore[misc,unused-ignore]
        pass

    Unheard.__module__, Unheard.__qualname__ = "unheard_of", "Unheard"
    artifact = written(tmp_path, "m.skops", skops.io.dumps(Unheard()))
    with pytest.raises(Refused, match=r"unheard_of\.Unheard"):
        run_model(artifact, "skops", NAMED)
    with pytest.raises(BadCall, match="needs unheard_of"):
        run_model(artifact, "skops", NAMED, trusted_types=["unheard_of.Unheard"])


def test_a_format_of_weights_alone_can_not_be_run(tmp_path: Path):
    with pytest.raises(BadCall, match="'safetensors' can't be run"):
        run_model(written(tmp_path, "m.safetensors", b"x"), "safetensors", NAMED)


def test_a_library_that_is_missing_is_named_with_what_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from rollbook.artifact.running.bounded_process import BoundedEnd

    answer = b'{"failed": "library", "message": "onnxruntime is not installed", "library": "onnxruntime"}'
    monkeypatch.setattr(model_run, "run_bounded_process", lambda *_: BoundedEnd(0, "", answer, ""))
    with pytest.raises(BadCall, match="onnxruntime is not installed") as missing:
        run_model(written(tmp_path, "m.onnx", trained().onnx), "onnx", NAMED)
    assert "pip install 'rollbook[onnx]'" in missing.value.hint


def test_bytes_that_are_no_model_can_not_be_loaded(tmp_path: Path):
    with pytest.raises(ModelFailed, match="can't be loaded"):
        run_model(written(tmp_path, "m.onnx", b"\x08\x08\x12\x00B\x00"), "onnx", NAMED)


def test_more_values_than_anything_prints_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(model_run, "_MOST_VALUES", 5)
    with pytest.raises(ModelFailed, match="6 values; 5 are the most"):
        run_model(written(tmp_path, "m.onnx", graph("Relu")), "onnx", Rows(None, ROWS[:2]))


def test_repeats_stop_when_a_quarter_of_the_time_is_over(tmp_path: Path):
    artifact = written(tmp_path, "m.onnx", trained().onnx)
    run = run_model(artifact, "onnx", NAMED, repeats=10**9, limits=Limits(seconds=3, answer=1 << 30))
    assert 1 < len(run.latencies) < 10**9


def test_rows_and_rows_by_name_are_the_same(tmp_path: Path):
    from rollbook.artifact.running.given_rows import given_rows

    assert given_rows(NAMED_ROWS) == NAMED
    assert given_rows(ROWS) == NAMELESS
