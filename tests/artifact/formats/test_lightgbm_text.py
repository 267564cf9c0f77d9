from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from artifact.formats.reading_samples import read, sample
from artifact.formats.samples import FOLDER
from rollbook.artifact.formats.contents import Broken
from rollbook.records.signature import Column

if TYPE_CHECKING:
    from pathlib import Path


def changed(tmp_path: Path, name: str, *changes: tuple[bytes, bytes]) -> Path:
    data = (FOLDER / "lightgbm-text" / name).read_bytes()
    for old, new in changes:
        assert old in data
        data = data.replace(old, new)
    path = tmp_path / "model.txt"
    path.write_bytes(data)
    return path


def test_a_model_of_a_table_names_its_columns_and_their_kinds() -> None:
    found = sample("lightgbm-text", "binary.txt")
    assert found.inputs == tuple(
        Column(name, "string" if name == "city" else "float64", (-1,))
        for name in ("age", "income", "debt", "city", "floor", "nothing")
    )
    assert found.framework == {"name": "lightgbm"}
    assert (found.facts["categorical"], found.facts["unused"]) == (["city", "floor"], ["nothing"])
    assert found.facts["objective"] == "binary sigmoid:1"
    assert (found.facts["trees"], found.facts["features"], found.facts["num_leaves"]) == (2, 6, 3)
    assert "classes" not in found.facts


def test_a_model_of_an_array_takes_one_tensor() -> None:
    found = sample("lightgbm-text", "multiclass.txt")
    assert found.inputs == (Column("input", "float64", (-1, 3)),)
    assert (found.facts["classes"], found.facts["trees"]) == (3, 6)


def test_a_forest_is_averaged() -> None:
    assert sample("lightgbm-text", "forest.txt").facts["averaged"] is True


def test_the_dump_is_told_from_a_model() -> None:
    found = sample("lightgbm-json", "binary.json")
    assert (found.facts["trees"], found.facts["features"]) == (2, 6)
    assert found.inputs is None
    assert "does not load it" in found.remarks[0]


def test_a_model_without_tree_sizes_is_read_to_its_end(tmp_path: Path) -> None:
    sizes = next(
        line + b"\n"
        for line in (FOLDER / "lightgbm-text" / "binary.txt").read_bytes().split(b"\n")
        if line.startswith(b"tree_sizes=")
    )
    path = changed(tmp_path, "binary.txt", (sizes, b""))
    assert read(path, "lightgbm-text").facts["num_leaves"] == 3
    path.write_bytes(path.read_bytes().partition(b"end of trees")[0])
    with pytest.raises(Broken, match="cut off"):
        read(path, "lightgbm-text")


@pytest.mark.parametrize("marker", [b"Tree=1", b"end of trees", b"tree_sizes"])
def test_a_model_that_is_cut_off_is_broken(tmp_path: Path, marker: bytes) -> None:
    data = (FOLDER / "lightgbm-text" / "binary.txt").read_bytes()
    (tmp_path / "model.txt").write_bytes(data.partition(marker)[0])
    with pytest.raises(Broken):
        read(tmp_path / "model.txt", "lightgbm-text")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ((b"Tree=1\n", b"Tree=1\n\n"), "do not end at byte"),
        ((b"max_feature_idx=5", b"max_feature_idx=9"), "says 10"),
        ((b"max_feature_idx=5", b"max_feature_idx=x"), "max_feature_idx is 'x'"),
        ((b"tree_sizes=", b"tree_sizes=-1 "), "'-1'"),
        ((b"pandas_categorical:", b"pandas_categorical:["), "not JSON"),
    ],
)
def test_what_contradicts_itself_is_broken(tmp_path: Path, change: tuple[bytes, bytes], reason: str) -> None:
    with pytest.raises(Broken, match=reason):
        read(changed(tmp_path, "binary.txt", change), "lightgbm-text")


@pytest.mark.parametrize(
    "more", [b"feature_names=" + b"a " * 1_100_000, b"".join(b"%d=\n" % n for n in range(2000))]
)
def test_what_is_more_than_a_model_has_is_broken(tmp_path: Path, more: bytes) -> None:
    path = changed(tmp_path, "binary.txt", (b"version=v4\n", b"version=v4\n" + more + b"\n"))
    with pytest.raises(Broken, match=r"more than|too much"):
        read(path, "lightgbm-text")
