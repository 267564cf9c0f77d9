from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from artifact.formats.samples import FOLDER, artifact_at, sample
from rollbook.artifact.formats.contents import Broken, Contents
from rollbook.artifact.formats.reading import read_contents
from rollbook.records.signature import Column

if TYPE_CHECKING:
    from pathlib import Path

_SAMPLES = FOLDER / "mlflow-model"


def _sample(name: str) -> Contents:
    return read_contents(sample(f"mlflow-model/{name}"), "mlflow-model")


def _written(folder: Path, document: object) -> Contents:
    """Read a folder of nothing but an `MLmodel` and requirements; JSON is YAML."""
    (folder / "MLmodel").write_text(document if isinstance(document, str) else json.dumps(document))
    (folder / "requirements.txt").touch()
    return read_contents(artifact_at(folder), "mlflow-model")


def _signature(folder: Path, inputs: object) -> tuple[Column, ...] | None:
    text = inputs if isinstance(inputs, str) else json.dumps(inputs)
    return _written(folder, {"flavors": {}, "signature": {"inputs": text}}).inputs


def test_a_table_has_the_columns_that_mlflow_wrote() -> None:
    contents = _sample("sklearn")
    assert contents.inputs == (Column("income", "float64", (-1,)), Column("age", "int64", (-1,)))
    assert contents.outputs == (Column("output", "int64", (-1,)),)
    assert contents.framework["name"] == "scikit-learn"
    assert contents.facts["input_example"] is True
    assert contents.facts["requirements"] is True


def test_a_model_of_own_python_tells_its_code_and_its_parameters() -> None:
    contents = _sample("python")
    assert contents.inputs == (
        Column("text", "string", (-1,)),
        Column("counts", "array(int64)", (-1,), required=False),
    )
    assert contents.outputs == (Column("output", "float32", (-1, 3)),)
    assert contents.facts["params"] == {"temperature": "float64"}
    assert contents.facts["model_files"] == {"python_model.pkl": "pickle"}
    assert any("in code" in remark for remark in contents.remarks)


@pytest.mark.parametrize(("name", "form"), [("sklearn", "skops"), ("onnx", "onnx")])
def test_a_model_inside_in_another_format_is_told(name: str, form: str) -> None:
    contents = _sample(name)
    assert [*dict(contents.facts["model_files"]).values()] == [form]  # type: ignore[arg-type]
    assert any(f"in the format {form}" in remark for remark in contents.remarks)


def test_no_signature_is_none() -> None:
    contents = _sample("onnx")
    assert contents.inputs is None
    assert contents.outputs is None


@pytest.mark.parametrize("module", ["own_loader", "mlflowish.x", "os"])
def test_a_loader_that_is_not_mlflows_own_is_told(tmp_path: Path, module: str) -> None:
    flavors = {"python_function": {"loader_module": module}}
    (remark,) = _written(tmp_path, {"flavors": flavors}).remarks
    assert repr(module) in remark


def test_types_in_one_another_have_words(tmp_path: Path) -> None:
    columns: list[Any] = [
        {"name": "a", "type": "array", "items": {"type": "array", "items": {"type": "float"}}},
        {"name": "m", "type": "map", "values": {"type": "boolean"}},
        {"name": "o", "type": "object", "properties": {"x": {"type": "double"}}},
        {"name": "d", "type": "datetime", "optional": True},
    ]
    assert _signature(tmp_path, columns) == (
        Column("a", "array(array(float32))", (-1,)),
        Column("m", "map(string,bool)", (-1,)),
        Column("o", "object", (-1,)),
        Column("d", "datetime", (-1,), required=False),
    )


def test_inputs_without_names_are_numbered(tmp_path: Path) -> None:
    columns = _signature(tmp_path, [{"type": "long"}, {"type": "tensor", "tensor-spec": _TENSOR}])
    assert columns == (Column("input_0", "int64", (-1,)), Column("input_1", "float32", (-1, 2)))


_TENSOR = {"dtype": "float32", "shape": [-1, 2]}


@pytest.mark.parametrize(
    ("inputs", "why"),
    [
        ("[", "not JSON"),
        ("{}", "no list"),
        ([1], "no list"),
        ([{"type": "tensor"}], "can't be read"),
        ([{"type": "tensor", "tensor-spec": {"dtype": "x", "shape": ["a"]}}], "can't be read"),
    ],
)
def test_a_signature_that_is_none_is_told(tmp_path: Path, inputs: object, why: str) -> None:
    with pytest.raises(Broken, match=why):
        _signature(tmp_path, inputs)


def test_a_type_very_deep_in_others_is_refused(tmp_path: Path) -> None:
    kind: dict[str, Any] = {"type": "long"}
    for _ in range(20):
        kind = {"type": "array", "items": kind}
    with pytest.raises(Broken, match="in one another"):
        _signature(tmp_path, [kind])


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ("flavors: [", "not YAML"),
        ("a: &x 1\nb: *x\n", "can't be read"),
        ("- a\n", "no mapping"),
        ("run_id: x\n", "no flavors"),
        ("flavors: {sklearn: 1}\n", "no flavors"),
        ("flavors: {}\n" + "#" * (1 << 20), "more than"),
        ({"flavors": {}, "signature": {"inputs": [1]}}, "no list"),
    ],
)
def test_another_mlmodel_is_told(tmp_path: Path, document: object, why: str) -> None:
    with pytest.raises(Broken, match=why):
        _written(tmp_path, document)


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    folder = shutil.copytree(_SAMPLES / "sklearn", tmp_path / "m")
    (folder / "input_example.json").unlink()
    (folder / "requirements.txt").unlink()
    contents = read_contents(artifact_at(folder), "mlflow-model")
    remarks = " ".join(contents.remarks)
    assert "input_example.json, which is not there" in remarks
    assert "no requirements.txt" in remarks
    assert contents.facts["input_example"] is False
