from __future__ import annotations

import json
import shutil
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from artifact.formats.samples import FOLDER, artifact_at, sample
from rollbook.artifact.formats.contents import Broken, Contents
from rollbook.artifact.formats.detection import detect_format
from rollbook.artifact.formats.reading import read_contents

if TYPE_CHECKING:
    from pathlib import Path

_INDEX = "model.safetensors.index.json"
_FIRST, _SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


def _read(path: Path) -> Contents:
    return read_contents(artifact_at(path), "safetensors")


def _file(path: Path, header: object, data: int = 0) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(data))
    return path


def _tensor(dtype: str, shape: list[Any], start: int, end: int) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    return shutil.copytree(FOLDER / "safetensors" / "shards", tmp_path / "shards")


def _edit_index(shards: Path, **changes: object) -> None:
    index = json.loads((shards / _INDEX).read_text())
    (shards / _INDEX).write_text(json.dumps(index | changes))


def test_tensors_are_counted_by_type(tmp_path: Path) -> None:
    tensors = {"a": np.zeros((2, 3), np.float16), "b": np.zeros(4, np.int64), "c": np.zeros((), np.float16)}
    save_file(tensors, tmp_path / "m", metadata={"format": "np"})
    contents = _read(tmp_path / "m")
    assert contents.facts["dtypes"] == {"F16": 2, "I64": 1}
    assert contents.facts["parameters"] == 11
    assert contents.framework == {"name": "numpy"}


def test_shards_are_read_as_one_model() -> None:
    contents = read_contents(sample("safetensors/shards"), "safetensors")
    assert contents.facts["shards"] == 2
    assert contents.facts["tensors"] == 3
    assert contents.facts["parameters"] == 18
    assert contents.remarks == ()


@pytest.mark.parametrize(
    ("header", "data", "why"),
    [
        ({"a": _tensor("F32", [2], 0, 4)}, 4, "can't be F32"),
        ({"a": _tensor("F32", [2], 0, 8)}, 4, "8 bytes by its header, and 4 are there"),
        ({"a": _tensor("U8", [4], 0, 4), "b": _tensor("U8", [4], 2, 6)}, 6, "overlap"),
        ({"a": _tensor("U8", [4], 1, 5)}, 5, "gap"),
        ({"a": _tensor("U8", [-4], 0, 4)}, 4, "no shape that could be"),
        ({"a": _tensor("U8", [True], 0, 1)}, 1, "no shape that could be"),
        ({"a": _tensor("U8", [1] * 65, 0, 1)}, 1, "no shape that could be"),
        ({"a": _tensor("U8", [1 << 62] * 64, 0, 1)}, 1, "can't be U8"),
        ({"a": _tensor("U8", [1], 0, 1), "__metadata__": {"x": 1}}, 1, "no texts by name"),
        ({"a": [1]}, 1, "no data_offsets that could be"),
        ([1], 0, "no JSON object"),
        (b"[" * 100_000, 0, "not JSON"),
        (b'{"a": {}, "a": {}}', 0, "'a' twice"),
        (b"[" + b"0," * 1_000_001 + b"0]", 0, "more than 1,000,000 values"),
        (b'{"a": ' + b"9" * 5_000 + b"}", 0, "not JSON"),
    ],
)
def test_a_header_that_lies_is_told(tmp_path: Path, header: object, data: int, why: str) -> None:
    with pytest.raises(Broken, match=why):
        _read(_file(tmp_path / "m", header, data))


def test_metadata_is_kept_in_part(tmp_path: Path) -> None:
    metadata = {f"key-{number}": "x" * 1000 for number in range(100)}
    facts = _read(_file(tmp_path / "m", {"__metadata__": metadata})).facts
    kept = facts["metadata"]
    assert isinstance(kept, dict)
    assert len(kept) == 50
    assert {len(str(value)) for value in kept.values()} == {200}


def test_an_index_with_its_files_makes_a_folder_safetensors(shards: Path) -> None:
    assert detect_format(shards) == "safetensors"


def test_several_files_without_an_index_are_just_a_folder(shards: Path) -> None:
    (shards / _INDEX).unlink()
    assert detect_format(shards) == "folder"


def test_a_file_that_is_not_there_is_told(shards: Path) -> None:
    (shards / _SECOND).unlink()
    with pytest.raises(Broken, match=f"'{_SECOND}', which is not there"):
        _read(shards)


@pytest.mark.parametrize("path", ["../other.safetensors", "/other.safetensors", "..\\other"])
def test_a_file_outside_of_the_folder_is_told(shards: Path, path: str) -> None:
    _edit_index(shards, weight_map={"a": path})
    with pytest.raises(Broken, match="outside of its folder"):
        _read(shards)


def test_a_tensor_that_its_file_lacks_is_told(shards: Path) -> None:
    _edit_index(shards, weight_map={"nowhere": _FIRST})
    with pytest.raises(Broken, match=f"'nowhere' in '{_FIRST}', which lacks it"):
        _read(shards)


def test_a_tensor_in_two_files_is_told(shards: Path) -> None:
    save_file({"a": np.zeros(1), "b": np.zeros(1)}, shards / _FIRST)
    save_file({"a": np.zeros(1), "c": np.zeros(1)}, shards / _SECOND)
    _edit_index(shards, weight_map={"a": _FIRST, "b": _FIRST, "c": _SECOND})
    with pytest.raises(Broken, match="'a' stands in two files"):
        _read(shards)


def test_what_the_index_does_not_tell_is_remarked_on(shards: Path) -> None:
    save_file({"x": np.zeros(1)}, shards / "other.safetensors")
    _edit_index(shards, metadata={"total_size": 7}, weight_map={"embed.weight": _FIRST, "head.bias": _SECOND})
    remarks = " ".join(_read(shards).remarks)
    assert "other.safetensors" in remarks
    assert "'head.weight'" in remarks
    assert "7 bytes in all; there are 56" in remarks
