"""Models of the heavy libraries, written in another format: each gives what it gave before."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import pytest

from artifact.real_formats.test_running_formats import training
from building.models import NAMES, ROWS
from rollbook.artifact.conversion.conversions import conversion_of
from rollbook.artifact.conversion.converting import convert
from rollbook.artifact.conversion.output_comparison import OutputComparison, compare_outputs
from rollbook.artifact.conversion.weights_comparison import differing_weights
from rollbook.artifact.running.model_run import Rows
from rollbook.artifact.running.version_run import RunSettings, run_artifact
from rollbook.errors import ModelFailed, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rollbook.artifact.conversion.converting import Converted

NAMED = Rows(NAMES, ROWS)
OWN_MODULES = """
import torch


class Branching(torch.nn.Module):
    def forward(self, rows):
        return rows * 2 if bool(rows.sum() > 10) else rows


class Variadic(torch.nn.Module):
    def forward(self, *several):
        return several[0] * 2


class Unlike(torch.nn.Module):
    def forward(self, rows):
        if torch.jit.is_scripting():
            raise ValueError("not so")
        return rows * 2
"""
TRUSTED = RunSettings(trust=True, repeats=0)


def made_of(
    folder: Path, name: str, source: str, target: str, rows: Rows, inputs: Sequence[dict[str, Any]] = ()
) -> Converted:
    settings = TRUSTED if source == "pytorch" else RunSettings(repeats=0)
    signature = {"inputs": [*inputs]}
    return convert(
        folder / name, conversion_of(source, target), rows, signature, settings, folder / "made.out"
    )


def compared(folder: Path, name: str, source: str, target: str, rows: Rows = NAMED) -> OutputComparison:
    settings = TRUSTED if source == "pytorch" else RunSettings(repeats=0)
    made = made_of(folder, name, source, target, rows)
    before = run_artifact(folder / name, source, {}, rows, settings)
    after = run_artifact(made.path, target, made.signature or {}, rows, settings)
    return compare_outputs(before.outputs, after.outputs, counterparts=made.counterparts)


@pytest.mark.parametrize("ending", ["json", "ubj"])
@pytest.mark.parametrize("objective", ["binary:logistic", "multi:softprob", "reg:squarederror"])
def test_xgboost_becomes_onnx(tmp_path: Path, ending: str, objective: str):
    xgboost = pytest.importorskip("xgboost")
    inputs, labels = training()
    more: dict[str, Any] = {"num_class": 3} if objective.startswith("multi") else {}
    data = xgboost.DMatrix(inputs, labels, feature_names=list(NAMES))
    xgboost.train({"objective": objective, **more}, data, 3).save_model(tmp_path / f"m.{ending}")
    comparison = compared(tmp_path, f"m.{ending}", f"xgboost-{ending}", "onnx")
    assert comparison.passed
    assert [one.before for one in comparison.outputs] == ["prediction"]


def test_a_class_that_xgboost_gives_as_a_number_is_held_against_the_label(tmp_path: Path):
    xgboost = pytest.importorskip("xgboost")
    data = xgboost.DMatrix(*training(), feature_names=list(NAMES))
    xgboost.train({"objective": "multi:softmax", "num_class": 3}, data, 3).save_model(tmp_path / "m.json")
    comparison = compared(tmp_path, "m.json", "xgboost-json", "onnx")
    assert [str(one) for one in comparison.outputs] == ["prediction and label: 4 of 4 labels are equal"]
    assert comparison.new == ()  # its sums are no probabilities


@pytest.mark.parametrize("objective", ["multi:softprob", "multi:softmax"])
def test_a_converter_that_is_wrong_is_found_out(tmp_path: Path, objective: str):
    """onnxmltools 1.16 takes two classes that have trees of their own for one with a threshold."""
    xgboost = pytest.importorskip("xgboost")
    data = xgboost.DMatrix(*training(), feature_names=list(NAMES))
    xgboost.train({"objective": objective, "num_class": 2}, data, 3).save_model(tmp_path / "m.json")
    assert not compared(tmp_path, "m.json", "xgboost-json", "onnx").passed


def boosted(folder: Path, kind: str, names: Sequence[str] | None = NAMES) -> tuple[str, str]:
    """Write a model of XGBoost's or LightGBM's, and return its file's name and format."""
    library = pytest.importorskip(kind)
    inputs, labels = training()
    if kind == "xgboost":
        data = library.DMatrix(inputs, labels, feature_names=names and [*names])
        library.train({"objective": "binary:logistic"}, data, 3).save_model(folder / "m.json")
        return "m.json", "xgboost-json"
    data = library.Dataset(inputs, labels, feature_name=[*names] if names else "auto")
    library.train({"objective": "binary", "verbose": -1}, data, 3).save_model(folder / "m.txt")
    return "m.txt", "lightgbm-text"


def inputs_of(made: Converted) -> list[tuple[str, str]]:
    assert made.signature is not None
    return [(one["name"], one["dtype"]) for one in made.signature["inputs"]]


@pytest.mark.parametrize("kind", ["xgboost", "lightgbm"])
def test_boosters_keep_their_columns_as_inputs_as_the_signature_has_them(tmp_path: Path, kind: str):
    name, source = boosted(tmp_path, kind)
    rows = Rows(("debt", "age", "income"), [[row[2], int(row[0]), row[1]] for row in ROWS])
    told = [{"name": "income", "dtype": "float32", "shape": [-1, 1]}, {"name": "age", "dtype": "int32"}]
    made = made_of(tmp_path, name, source, "onnx", rows, told)
    assert inputs_of(made) == [("age", "int32"), ("income", "float32"), ("debt", "float64")]
    assert made.signature is not None
    assert [one["shape"] for one in made.signature["inputs"]] == [[-1], [-1, 1], [-1]]
    assert run_artifact(made.path, "onnx", made.signature, rows, TRUSTED).outputs
    (tmp_path / "made.out").unlink()
    assert compared(tmp_path, name, source, "onnx", rows).passed


@pytest.mark.parametrize("kind", ["xgboost", "lightgbm"])
def test_boosters_that_know_no_names_take_those_of_the_rows(tmp_path: Path, kind: str):
    name, source = boosted(tmp_path, kind, names=None)
    made = made_of(tmp_path, name, source, "onnx", NAMED)
    assert [name for name, _ in inputs_of(made)] == [*NAMES]
    (tmp_path / "made.out").unlink()
    assert compared(tmp_path, name, source, "onnx").passed


@pytest.mark.parametrize("kind", ["xgboost", "lightgbm"])
def test_boosters_whose_rows_have_no_names_keep_one_matrix(tmp_path: Path, kind: str):
    name, source = boosted(tmp_path, kind)
    assert inputs_of(made_of(tmp_path, name, source, "onnx", Rows(None, ROWS))) == [("X", "float32")]


def test_whole_numbers_may_be_missing(tmp_path: Path):
    name, source = boosted(tmp_path, "xgboost")
    rows = Rows(NAMES, [[None, 0.2, 0.9], [1, 0.8, None]])
    told = [{"name": "age", "dtype": "int64"}]
    assert inputs_of(made_of(tmp_path, name, source, "onnx", rows, told))[0] == ("age", "float64")
    (tmp_path / "made.out").unlink()
    assert compared(tmp_path, name, source, "onnx", rows).passed


def test_a_column_may_be_called_as_the_matrix_was_and_not_as_an_output_is(tmp_path: Path):
    name, source = boosted(tmp_path, "xgboost", ["X", "columns", "X upright"])
    rows = Rows(("X", "columns", "X upright"), ROWS)
    assert compared(tmp_path, name, source, "onnx", rows).passed
    (tmp_path / "made.out").unlink()
    name, source = boosted(tmp_path, "xgboost", ["label", "age", "debt"])
    with pytest.raises(ModelFailed, match="an own meaning for label: rename the column"):
        made_of(tmp_path, name, source, "onnx", Rows(("label", "age", "debt"), ROWS))


@pytest.mark.parametrize("objective", ["binary", "multiclass", "regression"])
def test_lightgbm_becomes_onnx(tmp_path: Path, objective: str):
    lightgbm = pytest.importorskip("lightgbm")
    inputs, labels = training()
    more: dict[str, Any] = {"num_class": 2} if objective == "multiclass" else {}
    data = lightgbm.Dataset(inputs, labels, feature_name=list(NAMES))
    lightgbm.train({"objective": objective, "verbose": -1, **more}, data, 3).save_model(tmp_path / "m.txt")
    assert compared(tmp_path, "m.txt", "lightgbm-text", "onnx").passed


def test_pytorch_becomes_torchscript(tmp_path: Path):
    torch = pytest.importorskip("torch")
    torch.save(torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Softmax(1)), tmp_path / "m.pt")
    assert compared(tmp_path, "m.pt", "pytorch", "torchscript").passed


@pytest.fixture
def own_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    pytest.importorskip("torch")
    installed = tmp_path / "site-packages"
    installed.mkdir()
    (installed / "own_modules.py").write_text(OWN_MODULES)
    monkeypatch.syspath_prepend(str(installed))
    yield importlib.import_module("own_modules")
    sys.modules.pop("own_modules")


def test_both_branches_of_a_module_are_kept(tmp_path: Path, own_modules: Any):
    torch = pytest.importorskip("torch")
    torch.save(own_modules.Branching(), tmp_path / "m.pt")
    small, large = Rows(NAMES, [[1.0, 1.0, 1.0]]), Rows(NAMES, [[9.0, 9.0, 9.0]])
    made = made_of(tmp_path, "m.pt", "pytorch", "torchscript", small)
    assert made.notes == ()
    for rows, expected in ((small, [1.0, 1.0, 1.0]), (large, [18.0, 18.0, 18.0])):
        ran = run_artifact(made.path, "torchscript", {}, rows, TRUSTED)
        assert [*ran.outputs[0].flat()] == expected


@pytest.mark.parametrize("kind", ["Variadic", "Unlike"])
def test_what_can_not_be_scripted_is_traced_and_said_to_be(tmp_path: Path, own_modules: Any, kind: str):
    torch = pytest.importorskip("torch")
    torch.save(getattr(own_modules, kind)(), tmp_path / "m.pt")
    (note,) = made_of(tmp_path, "m.pt", "pytorch", "torchscript", NAMED).notes
    assert note.startswith("traced on the sample, whose way through its branches is all that is in it")
    assert "as it can't be scripted: " in note
    (tmp_path / "made.out").unlink()
    assert compared(tmp_path, "m.pt", "pytorch", "torchscript").passed


def test_weights_that_are_no_module_are_not_converted(tmp_path: Path):
    torch = pytest.importorskip("torch")
    torch.save(torch.nn.Linear(3, 2).state_dict(), tmp_path / "m.pt")
    with pytest.raises(ModelFailed, match="it holds no module, but a OrderedDict, such as weights"):
        compared(tmp_path, "m.pt", "pytorch", "torchscript")


def weights(folder: Path, held: Any, *, trust: bool = False) -> list[str]:
    torch = pytest.importorskip("torch")
    torch.save(held, folder / "m.pt")
    conversion = conversion_of("pytorch", "safetensors")
    settings = RunSettings(trust=trust)
    made = convert(folder / "m.pt", conversion, None, {}, settings, folder / "made.safetensors")
    assert made.tensors
    return differing_weights(made.path, made.tensors)


def test_weights_become_safetensors_byte_by_byte_without_trust(tmp_path: Path):
    torch = pytest.importorskip("torch")
    shared = torch.randn(4, 3)
    held = {
        "one": shared,
        "the same": shared,
        "turned": shared.t(),
        "half": torch.randn(2).to(torch.bfloat16),
        "count": torch.tensor(7),
        "flags": torch.tensor([True, False]),
        "none": torch.zeros(0, 3),
    }
    assert weights(tmp_path, held) == []


def test_a_whole_module_gives_its_weights_with_trust_only(tmp_path: Path):
    torch = pytest.importorskip("torch")
    module = torch.nn.Sequential(torch.nn.Linear(3, 2))
    with pytest.raises(Refused, match="it holds more than weights, and is unpickled"):
        weights(tmp_path, module)
    (tmp_path / "made.safetensors").unlink()
    assert weights(tmp_path, module, trust=True) == []


def test_a_checkpoint_of_more_than_weights_is_refused(tmp_path: Path):
    pytest.importorskip("torch")
    with pytest.raises(ModelFailed, match="not every entry is a tensor: epoch"):
        weights(tmp_path, {"epoch": 3})


def test_weights_with_other_bytes_are_found(tmp_path: Path):
    torch = pytest.importorskip("torch")
    assert weights(tmp_path, {"w": torch.ones(2)}) == []
    made = tmp_path / "made.safetensors"
    told = {"dtype": "float32", "shape": [2], "sha256": "0" * 64}
    assert differing_weights(made, {"w": told}) == ["w has other bytes"]
    assert differing_weights(made, {"w": {**told, "shape": [1, 2]}}) == [
        "w is float32 [2], and was float32 [1, 2]"
    ]
    assert differing_weights(made, {}) == ["w is in one of the two only"]
    made.write_bytes(made.read_bytes()[:20])
    with pytest.raises(ModelFailed, match="can't be read again"):
        differing_weights(made, {"w": told})
