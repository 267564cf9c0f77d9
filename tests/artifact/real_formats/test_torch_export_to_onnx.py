"""What PyTorch exports to ONNX, with dynamic sizes and with weights in a file of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from artifact.formats.samples import artifact_at
from rollbook.artifact.formats.detection import detect_format
from rollbook.artifact.formats.reading import read_contents
from rollbook.records.signature import Column

if TYPE_CHECKING:
    from pathlib import Path

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    torch.onnx.export(
        model,
        (torch.zeros(1, 4),),
        tmp_path / "model.onnx",
        input_names=["rows"],
        output_names=["scores"],
        dynamic_axes={"rows": {0: "batch"}, "scores": {0: "batch"}},
        dynamo=False,
    )
    return tmp_path / "model.onnx"


def test_its_inputs_outputs_and_producer_are_told(exported: Path) -> None:
    assert detect_format(exported) == "onnx"
    contents = read_contents(artifact_at(exported), "onnx")
    assert contents.inputs == (Column("rows", "float32", (-1, 4)),)
    assert contents.outputs == (Column("scores", "float32", (-1, 2)),)
    assert contents.framework["name"] == "pytorch"
    assert contents.framework["version"] == torch.__version__.partition("+")[0]
    assert contents.facts["parameters"] == 4 * 8 + 8 + 8 * 2 + 2


def test_weights_in_a_file_of_their_own_are_found(exported: Path, tmp_path: Path) -> None:
    folder = tmp_path / "external"
    folder.mkdir()
    onnx.save(
        onnx.load(exported),
        folder / "model.onnx",
        save_as_external_data=True,
        location="model.onnx.data",
        size_threshold=0,
    )
    assert detect_format(folder) == "onnx"
    contents = read_contents(artifact_at(folder), "onnx")
    assert contents.facts["external_data"] == ["model.onnx.data"]
    assert contents.facts["parameters"] == 4 * 8 + 8 + 8 * 2 + 2
