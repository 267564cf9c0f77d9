from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from artifact.formats.reading_samples import read, sample
from artifact.formats.samples import FOLDER
from rollbook.artifact.formats import saved_model_folder
from rollbook.artifact.formats.contents import Broken
from rollbook.records.signature import Column

if TYPE_CHECKING:
    from pathlib import Path

SHARD = "variables/variables.data-00000-of-00001"


def field(number: int, *content: bytes) -> bytes:
    data = b"".join(content)
    assert len(data) < 128 * 128
    length = bytes([len(data)]) if len(data) < 128 else bytes([len(data) & 127 | 128, len(data) >> 7])
    return bytes([number << 3 | 2]) + length + data


def folder(tmp_path: Path, *graphs: bytes) -> Path:
    """Write a model of hand-made graphs."""
    path = tmp_path / "model"
    path.mkdir()
    (path / "saved_model.pb").write_bytes(b"\x08\x01" + b"".join(field(2, graph) for graph in graphs))
    return path


def tensor(dtype: int, shape: bytes | None = b"") -> bytes:
    return bytes([2 << 3, dtype]) + (b"" if shape is None else field(3, shape))


def signature(name: bytes, *inputs: tuple[bytes, bytes]) -> bytes:
    entries = [field(1, field(1, key), field(2, value)) for key, value in inputs]
    return field(5, field(1, name), field(2, *entries))


def node(operator: bytes) -> bytes:
    return field(1, field(1, b"name"), field(2, operator))


@pytest.fixture
def scorer(tmp_path: Path) -> Path:
    return shutil.copytree(FOLDER / "tf-saved-model" / "scorer", tmp_path / "scorer")


def test_the_signature_for_serving_is_the_models() -> None:
    found = sample("tf-saved-model", "scorer")
    assert found.inputs == (Column("rows", "float32", (-1, 2)),)
    assert found.outputs == (Column("scores", "float32", (-1, 1)),)
    assert found.facts["signature"] == "serving_default"
    assert found.facts["signatures"] == {
        "read": "path: string[] -> text: string[]",
        "serving_default": "rows: float32[-1, 2] -> scores: float32[-1, 1]",
    }
    assert found.facts["tags"] == ["serve"]
    assert found.framework["version"].startswith("2.")


def test_without_one_for_serving_it_is_the_first() -> None:
    found = sample("tf-saved-model", "doubler")
    assert found.inputs == (Column("values", "int64", None),)
    assert found.facts["signature"] == "double"


def test_operators_that_touch_files_are_remarked() -> None:
    found = sample("tf-saved-model", "scorer")
    assert found.facts["ops_of_note"] == {"ReadFile": 1}
    assert "ReadFile" in found.remarks[0]
    assert sample("tf-saved-model", "doubler").remarks == ()


@pytest.mark.parametrize("operator", [b"PyFunc", b"EagerPyFunc", b"WriteFile", b"PrintV2", b"Ours>Scale"])
def test_an_operator_of_note_is_found_in_the_graph_and_in_functions(tmp_path: Path, operator: bytes) -> None:
    function = field(2, field(1, field(3, field(2, operator))))
    found = read(folder(tmp_path, field(2, node(operator), node(b"MatMul"), function)), "tf-saved-model")
    assert found.facts["ops_of_note"] == {operator.decode(): 2}
    assert found.facts["operators"] == 3


def test_weights_are_counted() -> None:
    facts = sample("tf-saved-model", "scorer").facts
    assert (facts["variable_shards"], facts["variable_bytes"]) == (1, 225)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (SHARD, None),
        ("variables/variables.index", None),
        (SHARD, "variables/variables.data-00000-of-00002"),
        (SHARD, "variables/variables.data-00001-of-00002"),
    ],
)
def test_weights_of_which_a_part_is_missing_are_broken(scorer: Path, old: str, new: str | None) -> None:
    if new is None:
        (scorer / old).unlink()
    else:
        (scorer / old).rename(scorer / new)
    with pytest.raises(Broken, match="weights"):
        read(scorer, "tf-saved-model")


def test_a_graph_with_variables_and_no_weights_is_remarked(scorer: Path) -> None:
    shutil.rmtree(scorer / "variables")
    assert any("no variables/" in remark for remark in read(scorer, "tf-saved-model").remarks)


def test_the_graph_for_serving_is_the_models_and_operators_are_of_all(tmp_path: Path) -> None:
    serving = field(1, field(4, b"serve"), field(5, b"2.1")) + signature(b"s", (b"x", tensor(9)))
    training = field(1, field(4, b"train")) + field(2, node(b"PyFunc")) + signature(b"t", (b"y", tensor(1)))
    found = read(folder(tmp_path, training, serving), "tf-saved-model")
    assert found.inputs == (Column("x", "int64", ()),)
    assert (found.facts["graphs"], found.facts["ops_of_note"]) == (2, {"PyFunc": 1})


def test_a_type_and_a_shape_that_are_not_told(tmp_path: Path) -> None:
    graph = signature(b"s", (b"a", tensor(99, None)), (b"b", tensor(101)), (b"c", tensor(1, b"\x18\x01")))
    found = read(folder(tmp_path, graph), "tf-saved-model")
    assert found.inputs == (
        Column("a", "unknown", None),
        Column("b", "float32", ()),
        Column("c", "float32", None),
    )


def test_a_graph_as_text_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "saved_model.pbtxt").write_text("saved_model_schema_version: 1")
    assert "saved_model.pbtxt" in read(tmp_path / "model", "tf-saved-model").remarks[0]


@pytest.mark.parametrize(
    ("graph", "reason"),
    [
        (field(5, field(1, b"s")), "has no value"),
        (signature(b"x" * 2000), "a name in"),
        (field(2, *(node(bytes([97 + number])) for number in range(20))), "kinds of operators"),
        (signature(b"s", *((bytes([97 + number]), tensor(1)) for number in range(20))), "inputs and outputs"),
    ],
)
def test_what_no_model_has_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, graph: bytes, reason: str
) -> None:
    monkeypatch.setattr(saved_model_folder, "_MOST_OPERATORS", 10)
    monkeypatch.setattr(saved_model_folder, "_MOST_COLUMNS", 10)
    with pytest.raises(Broken, match=reason):
        read(folder(tmp_path, graph), "tf-saved-model")


def test_no_graph_at_all_is_broken(tmp_path: Path) -> None:
    with pytest.raises(Broken, match="no graph"):
        read(folder(tmp_path), "tf-saved-model")
