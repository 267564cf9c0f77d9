from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from artifact.formats.reading_samples import read, sample
from artifact.formats.samples import FOLDER
from rollbook.artifact.formats.contents import Broken
from rollbook.artifact.formats.keras_archive import lambda_layers, outside_code
from rollbook.records.signature import Column

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def changed(tmp_path: Path, name: str, change: Callable[[dict[str, Any]], object]) -> Path:
    """Copy a sample with another configuration."""
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(FOLDER / "keras" / name) as old, zipfile.ZipFile(path, "w") as new:
        for member in old.namelist():
            content = old.read(member)
            if member == "config.json":
                config = json.loads(content)
                change(config)
                content = json.dumps(config).encode()
            new.writestr(member, content)
    return path


def test_a_sequential_model_goes_from_its_first_layer_to_its_last() -> None:
    found = sample("keras", "sequential.keras")
    assert found.inputs == (Column("rows", "float32", (-1, 4)),)
    assert found.outputs == (Column("scores", "float32", (-1, 2)),)
    assert found.framework["name"] == "keras"
    assert found.framework["version"].startswith("3.")
    assert (found.facts["class"], found.facts["layers"]) == ("Sequential", 2)
    assert found.remarks == ()


def test_a_functional_model_names_each_input_and_output() -> None:
    found = sample("keras", "functional.keras")
    assert found.inputs == (Column("rows", "float32", (-1, 4)), Column("codes", "int32", (-1, 3)))
    assert found.outputs == (Column("share", "float32", (-1, 1)), Column("kinds", "float32", (-1, 3)))


def test_inputs_with_keys_are_called_by_them() -> None:
    found = sample("keras", "named.keras")
    assert found.inputs == (Column("r", "float32", (-1, 4)), Column("c", "int32", (-1, 3)))
    assert found.outputs == (Column("s", "float32", (-1, 1)),)


def test_a_layer_that_brings_code_is_remarked() -> None:
    found = sample("keras", "lambda.keras")
    assert found.facts["lambda_layers"] == ["doubled"]
    assert "run code that it brings along" in found.remarks[0]


def test_code_is_found_wherever_it_stands() -> None:
    function = {"class_name": "__lambda__", "config": {"code": "4wEA"}}
    layer = {"class_name": "Dense", "config": {"name": "deep", "activation": [{"x": function}]}}
    inner = {"class_name": "Sequential", "config": {"name": "inner", "layers": [layer]}}
    assert lambda_layers({"class_name": "Model", "config": {"layers": [inner]}}) == ("deep",)
    assert lambda_layers({"class_name": "Lambda", "config": 5}) == ("the model",)


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ({"module": "os", "class_name": "system"}, "os.system"),
        ({"module": "builtins", "class_name": "eval"}, "builtins.eval"),
        ({"module": "keras.utils", "class_name": "get_file"}, "keras.utils.get_file"),
        ({"module": "keras.layers", "class_name": "TorchModuleWrapper"}, "keras.layers.TorchModuleWrapper"),
        ({"module": None, "class_name": "Mine", "registered_name": "ours>Mine"}, "Mine"),
        ({"module": "builtins", "class_name": "function", "config": "ours>act"}, "ours>act"),
        ({"module": "kerasx", "class_name": "Dense"}, "kerasx.Dense"),
    ],
)
def test_code_from_elsewhere_is_named(part: dict[str, Any], name: str) -> None:
    assert outside_code({"config": [part]}) == (name,)


@pytest.mark.parametrize(
    "part",
    [
        {"module": "keras.layers", "class_name": "Dense", "registered_name": None},
        {"class_name": "__keras_tensor__", "config": {}},
        {"module": "builtins", "class_name": "function", "config": "relu"},
        {"module": "keras.src.ops.numpy", "class_name": "GetItem", "registered_name": "GetItem"},
    ],
)
def test_what_keras_has_itself_is_not(part: dict[str, Any]) -> None:
    assert outside_code(part) == ()


def test_a_vocabulary_in_a_file_is_remarked(tmp_path: Path) -> None:
    def change(config: dict[str, Any]) -> None:
        lookup = {"module": "keras.layers", "class_name": "StringLookup"}
        config["config"]["layers"].append({**lookup, "config": {"vocabulary": "/etc/passwd"}})

    found = read(changed(tmp_path, "sequential.keras", change), "keras")
    assert found.facts["reads_files"] == ["/etc/passwd"]
    assert any("/etc/passwd" in remark for remark in found.remarks)


def test_a_signature_without_its_layer_is_broken(tmp_path: Path) -> None:
    path = changed(tmp_path, "functional.keras", lambda config: config["config"].update(layers=[]))
    with pytest.raises(Broken, match="no layer 'rows'"):
        read(path, "keras")


@pytest.mark.parametrize("value", [None, 5, "shape", [5], {"layers": 5}, {"layers": [{"config": 5}]}])
def test_a_configuration_of_another_kind_tells_no_signature(tmp_path: Path, value: object) -> None:
    found = read(changed(tmp_path, "sequential.keras", lambda config: config.update(config=value)), "keras")
    assert found.inputs is None


def test_weights_may_be_numpys(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(FOLDER / "keras" / "sequential.keras") as old, zipfile.ZipFile(path, "w") as new:
        for member in old.namelist():
            new.writestr(member.replace(".h5", ".npz"), old.read(member))
    assert read(path, "keras").facts == sample("keras", "sequential.keras").facts


def test_a_dtype_may_be_a_policy(tmp_path: Path) -> None:
    def change(config: dict[str, Any]) -> None:
        policy = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "mixed_float16"}}
        config["config"]["layers"][-1]["config"]["dtype"] = policy

    found = read(changed(tmp_path, "sequential.keras", change), "keras")
    assert found.outputs == (Column("scores", "float16", (-1, 2)),)
