"""Models of the heavy libraries, written in another format: each gives what it gave before."""

from __future__ import annotations

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
from rollbook.errors import BadCall, ModelFailed, Refused

if TYPE_CHECKING:
    from pathlib import Path

NAMED = Rows(NAMES, ROWS)
TRUSTED = RunSettings(trust=True, repeats=0)


def compared(folder: Path, name: str, source: str, target: str, rows: Rows = NAMED) -> OutputComparison:
    settings = TRUSTED if source == "pytorch" else RunSettings(repeats=0)
    made = convert(folder / name, conversion_of(source, target), rows, {}, settings, folder / "made.out")
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


def test_xgboost_refuses_columns_in_another_order(tmp_path: Path):
    xgboost = pytest.importorskip("xgboost")
    inputs, labels = training()
    data = xgboost.DMatrix(inputs, labels, feature_names=list(NAMES))
    xgboost.train({}, data, 2).save_model(tmp_path / "m.json")
    turned = Rows((*NAMES[::-1],), [row[::-1] for row in ROWS])
    with pytest.raises(BadCall, match="their columns must come in the model's order: age, income, debt"):
        compared(tmp_path, "m.json", "xgboost-json", "onnx", turned)


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


def test_weights_that_are_no_module_are_not_traced(tmp_path: Path):
    torch = pytest.importorskip("torch")
    torch.save(torch.nn.Linear(3, 2).state_dict(), tmp_path / "m.pt")
    with pytest.raises(ModelFailed, match="it holds no module to trace, but a OrderedDict, such as weights"):
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
