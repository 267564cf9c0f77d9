from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from artifact.formats.reading_samples import read, sample
from artifact.formats.samples import FOLDER
from rollbook.artifact.formats.contents import Broken
from rollbook.artifact.formats.detection import UNSAFE_FORMATS
from rollbook.records.signature import Column

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROWS = (Column("rows", "float32", (-1, 4)), Column("shift", "float32", (-1, 2)))


def changed(
    tmp_path: Path, change: Callable[[dict[str, Any]], object] = lambda program: None, **added: bytes
) -> Path:
    """Copy a sample with another program, and more members."""
    path = tmp_path / "model.pt2"
    with (
        zipfile.ZipFile(FOLDER / "torch-export" / "dynamic.pt2") as old,
        zipfile.ZipFile(path, "w") as new,
    ):
        for member in old.namelist():
            content = old.read(member)
            if member.endswith("models/model.json"):
                program = json.loads(content)
                change(program)
                content = json.dumps(program).encode()
            new.writestr(member, content)
        for name, content in added.items():
            new.writestr(f"dynamic/data/{name}", content)
    return path


def graph_of(program: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = program["graph_module"]["graph"]
    return found


@pytest.mark.parametrize("name", ["dynamic.pt2", "old.pt2"])
def test_a_program_tells_its_signature_with_sizes_that_are_not_fixed(name: str) -> None:
    found = sample("torch-export", name)
    assert found.inputs == ROWS
    assert found.outputs
    assert [(column.dtype, column.shape) for column in found.outputs] == [
        ("float32", (-1, 2)),
        ("float32", ()),
    ]
    assert (found.facts["parameters"], found.facts["nodes"]) == (2, 4)
    assert found.framework["name"] == "torch"
    assert found.framework["version"].startswith("2.")


def test_loading_it_unpickles_and_so_can_run_code() -> None:
    found = sample("torch-export", "dynamic.pt2")
    assert found.facts["pickled"] == ["dynamic/data/sample_inputs/model.pt"]
    assert "can run code" in found.remarks[0]
    assert "torch-export" in UNSAFE_FORMATS


def test_weights_that_are_marked_as_pickled_are_named(tmp_path: Path) -> None:
    config = {"config": {"w": {"path_name": "weight_9", "use_pickle": True}}}
    added = {"weights/other_weights_config.json": json.dumps(config).encode(), "weights/weight_9": b"x"}
    found = read(changed(tmp_path, **added), "torch-export")
    assert "dynamic/data/weights/weight_9" in str(found.facts["pickled"])


def test_compiled_code_is_remarked(tmp_path: Path) -> None:
    found = read(changed(tmp_path, **{"aotinductor/model/code.so": b"\x7fELF"}), "torch-export")
    assert found.facts["compiled"] == ["dynamic/data/aotinductor/model/code.so"]
    assert any("compiled code" in remark for remark in found.remarks)


def test_operators_that_pytorch_lacks_are_remarked(tmp_path: Path) -> None:
    def change(program: dict[str, Any]) -> None:
        graph_of(program)["nodes"][0]["target"] = "torch.ops.ours.scale.default"

    found = read(changed(tmp_path, change), "torch-export")
    assert found.facts["custom_operators"] == ["ours.scale"]


def test_a_signature_without_its_tensor_is_broken(tmp_path: Path) -> None:
    with pytest.raises(Broken, match="tensor 'rows'"):
        read(
            changed(tmp_path, lambda program: graph_of(program)["tensor_values"].pop("rows")), "torch-export"
        )


def test_a_program_without_a_graph_is_broken(tmp_path: Path) -> None:
    with pytest.raises(Broken, match="no graph"):
        read(changed(tmp_path, lambda program: program.update(graph_module=5)), "torch-export")


@pytest.mark.parametrize("value", [None, 5, "x", [], [5], {"a": 5}])
def test_a_part_of_another_kind_tells_less(tmp_path: Path, value: object) -> None:
    def change(program: dict[str, Any]) -> None:
        program["graph_module"]["signature"] = value
        program["opset_version"] = value
        graph_of(program)["nodes"] = value

    assert read(changed(tmp_path, change), "torch-export").inputs == ()
