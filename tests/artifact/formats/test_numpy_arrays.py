from __future__ import annotations

import io
import struct
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from artifact.formats.samples import artifact_at, sample
from rollbook.artifact.formats.contents import Broken
from rollbook.artifact.formats.detection import UNSAFE_FORMATS, detect_format
from rollbook.artifact.formats.reading import read_contents
from rollbook.artifact.numpy_header import HEAD, array_header, holds_objects

if TYPE_CHECKING:
    from pathlib import Path

_PLAIN = st.one_of(
    arrays.scalar_dtypes(), arrays.array_dtypes(max_size=3), arrays.nested_dtypes(max_leaves=4)
)


def _saved(array: np.ndarray[Any, Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def _with_header(text: str, version: int = 1) -> bytes:
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text.encode()


def _described(description: str) -> bytes:
    return _with_header(f"{{'descr': {description}, 'fortran_order': False, 'shape': (1,), }}\n") + bytes(8)


@pytest.mark.filterwarnings("ignore:Stored array in format")
@settings(max_examples=100, deadline=None)
@given(_PLAIN, arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3))
def test_a_plain_array_has_the_bytes_that_its_header_says(
    dtype: np.dtype[Any], shape: tuple[int, ...]
) -> None:
    saved = _saved(np.zeros(shape, dtype))
    assume(b"\\" not in saved[:HEAD])  # a name that can't be printed: it counts as a pickle
    assert not holds_objects(saved[:HEAD])
    header = array_header(saved[:HEAD])
    assert header.shape == shape
    assert header.size == len(saved)


OBJECTS = {
    "objects": np.array([{}, []], dtype=object),
    "objects in a structure": np.array([(1, {})], dtype=[("a", "i4"), ("b", "O")]),
    "objects in an inner structure": np.array([((1, {}),)], dtype=[("a", [("b", "i4"), ("c", "O")])]),
    "arrays of objects in a structure": np.zeros(1, dtype=[("a", "O", (2,))]),
}


@pytest.mark.parametrize("what", OBJECTS)
@pytest.mark.parametrize("packed", [False, True])
def test_objects_are_a_pickle(tmp_path: Path, what: str, packed: bool) -> None:
    np.save(tmp_path / "m.npy", OBJECTS[what])
    (np.savez_compressed if packed else np.savez)(tmp_path / "m.npz", a=np.zeros(3), b=OBJECTS[what])
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "weights.bin").write_bytes((tmp_path / "m.npy").read_bytes())
    for name in ("m.npy", "m.npz", "folder"):
        assert detect_format(tmp_path / name) in UNSAFE_FORMATS


@pytest.mark.parametrize(
    "description",
    [
        *("'O'", "'|O8'", "'object'", "'i4,O'", "'T'", "'(2,)O'", "''", "None", "1", "[]", "['O']"),
        *("{'names': ['a'], 'formats': ['O']}", "[('a', 'O')]", "'\\x4f'", "'<f8' if 1 else 'O'", "b'O'"),
        "[('a', [('b', [('c', 'O')])])]",
    ],
)
def test_a_type_that_may_be_of_objects_counts_as_a_pickle(tmp_path: Path, description: str) -> None:
    (tmp_path / "m.npy").write_bytes(_described(description))
    assert detect_format(tmp_path / "m.npy") == "pickle"


@pytest.mark.parametrize(
    "data",
    [
        _with_header(" " * 20_000, 2),
        _with_header("{'descr': '<f8'", 1),
        _with_header("(" * 5_000),
        _with_header("{}"),
        _with_header("{[]: 1}"),
        b"\x93NUMPY",
        b"\x93NUMPY\x09\x00" + bytes(20),
        _described("'<f8'").replace(b"(1,)", b"[1,]"),
    ],
)
def test_a_header_that_can_not_be_told_counts_as_a_pickle(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "m.npy").write_bytes(data)
    assert detect_format(tmp_path / "m.npy") == "pickle"
    with pytest.raises(Broken):
        read_contents(artifact_at(tmp_path / "m.npy"), "npy")


def test_each_array_of_an_archive_is_told() -> None:
    contents = read_contents(sample("npz/model.npz"), "npz")
    assert contents.facts["arrays"] == {
        "weights": "float32[2,3]",
        "bias": "float64[]",
        "labels": "string[2]",
    }
    assert contents.facts["elements"] == 9


@pytest.mark.parametrize("change", [b"x", b""])
def test_an_array_has_no_byte_too_many_or_too_few(tmp_path: Path, change: bytes) -> None:
    saved = _saved(np.zeros(3))
    (tmp_path / "m").write_bytes(saved + change if change else saved[:-1])
    with pytest.raises(Broken, match="by its header"):
        read_contents(artifact_at(tmp_path / "m"), "npy")


def test_a_member_that_is_no_array_is_told(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m", "w") as archive:
        archive.writestr("a.npy", b"text")
    assert detect_format(tmp_path / "m") == "npz"
    with pytest.raises(Broken, match=r"a\.npy: it has no header"):
        read_contents(artifact_at(tmp_path / "m"), "npz")


def test_a_zip_member_without_a_name_has_a_format(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m", "w") as archive:
        archive.writestr("a", b"")
    data = (tmp_path / "m").read_bytes()
    at = data.index(b"PK\x01\x02")
    unnamed = data[: at + 28] + b"\0\0" + data[at + 30 : at + 46] + data[at + 47 :]
    end = unnamed.index(b"PK\x05\x06")
    (tmp_path / "m").write_bytes(unnamed[: end + 12] + struct.pack("<I", end - at) + unnamed[end + 16 :])
    assert detect_format(tmp_path / "m") in ("zip", "pickle")
