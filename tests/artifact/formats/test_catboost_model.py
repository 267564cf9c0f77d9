from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING

import pytest

from artifact.formats.samples import FOLDER, artifact_at, sample
from rollbook.artifact.formats.contents import Broken
from rollbook.artifact.formats.reading import read_contents
from rollbook.records.signature import Column

if TYPE_CHECKING:
    from pathlib import Path

_CLASSIFIERS = ["catboost/classifier-model.cbm", "catboost-json/classifier-model.json"]


@pytest.mark.parametrize("name", _CLASSIFIERS)
def test_features_trees_and_classes_are_told(name: str) -> None:
    contents = read_contents(sample(name), name.partition("/")[0])
    assert contents.inputs == (
        Column("income", "float32", None),
        Column("city", "string", None),
        Column("age", "float32", None),
    )
    assert contents.facts["trees"] == 2
    assert contents.facts["classes"] == ["no", "perhaps", "yes"]
    assert contents.facts["loss_function"] == "MultiClass"
    assert contents.framework["name"] == "catboost"
    assert contents.framework["version"][0].isdigit()


def test_both_forms_of_a_model_say_the_same() -> None:
    binary, text = (read_contents(sample(name), name.partition("/")[0]) for name in _CLASSIFIERS)
    assert binary.inputs == text.inputs
    assert binary.framework == text.framework
    assert {**binary.facts} == {**text.facts, "dimensions": 3}


@pytest.mark.parametrize("size", [0, 7, 100, 1 << 31])
def test_a_length_that_lies_is_read_or_broken(tmp_path: Path, size: int) -> None:
    data = (FOLDER / "catboost" / "regressor-model.cbm").read_bytes()
    (tmp_path / "m").write_bytes(data[:4] + struct.pack("<I", size) + data[8:])
    with pytest.raises(Broken):
        read_contents(artifact_at(tmp_path / "m"), "catboost")


def test_a_table_that_leads_out_of_its_buffer_is_broken(tmp_path: Path) -> None:
    core = struct.pack("<Ii", 4, 1 << 30)
    (tmp_path / "m").write_bytes(b"CBM1" + struct.pack("<I", len(core)) + core)
    with pytest.raises(Broken, match="before the beginning"):
        read_contents(artifact_at(tmp_path / "m"), "catboost")


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({}, "no features_info"),
        ({"features_info": {}, "model_info": {}}, "no trees"),
        ({"features_info": {"float_features": [{"feature_id": "a"}]}}, "no flat_feature_index"),
        ([], "no JSON object"),
    ],
)
def test_json_that_is_no_model_is_told(tmp_path: Path, document: object, why: str) -> None:
    (tmp_path / "m").write_text(json.dumps(document))
    with pytest.raises(Broken, match=why):
        read_contents(artifact_at(tmp_path / "m"), "catboost-json")


def test_very_much_json_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "m").open("wb") as file:
        file.truncate(1 << 40)
    contents = read_contents(artifact_at(tmp_path / "m"), "catboost-json")
    assert contents.facts == {}
    assert "were not read" in contents.remarks[0]
