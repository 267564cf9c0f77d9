from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from artifact.formats.reading_samples import read, sample
from artifact.formats.samples import FOLDER
from rollbook.artifact.formats.contents import Broken
from rollbook.records.signature import Column

if TYPE_CHECKING:
    from pathlib import Path


def test_a_model_tells_its_signature() -> None:
    found = sample("tflite", "scorer.tflite")
    assert found.inputs == (Column("rows", "float32", (-1, 2)),)
    assert found.outputs == (Column("scores", "float32", (-1, 1)),)
    assert (found.facts["schema_version"], found.facts["tensors"]) == (3, 3)
    assert found.remarks == ()


def test_operators_that_it_brings_no_code_for_are_remarked() -> None:
    found = sample("tflite", "flex.tflite")
    assert found.facts["custom_operators"] == ["FlexReadFile"]
    assert "FlexReadFile" in found.remarks[0]
    assert found.inputs == (Column("path", "string", ()),)


@pytest.mark.parametrize("place", [0, 1 << 31, (1 << 32) - 1])
def test_a_root_that_is_nowhere_is_broken(tmp_path: Path, place: int) -> None:
    data = (FOLDER / "tflite" / "scorer.tflite").read_bytes()
    (tmp_path / "model.tflite").write_bytes(struct.pack("<I", place) + data[4:])
    with pytest.raises(Broken):
        read(tmp_path / "model.tflite", "tflite")
