"""Files of ten gigabytes, which are holes behind a header: only their headers are read."""

from __future__ import annotations

import io
import json
import os
import struct
from typing import TYPE_CHECKING, BinaryIO

import pytest

from artifact.formats.protobuf_message import field, number, varint
from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
from rollbook.artifact.formats.contents import Broken
from rollbook.artifact.formats.detection import detect_format
from rollbook.artifact.formats.reading import read_contents

if TYPE_CHECKING:
    from pathlib import Path

_HOLE = 10 << 30
_COUNT = _HOLE // 4


class _CountedFile(io.FileIO):
    """A file that adds to `tally` how many bytes are read of it."""

    tally = 0

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        count = super().readinto(buffer) or 0
        type(self).tally += count
        return count


class _CountedBytes(ArtifactBytes):
    def open(self, path: str = "") -> BinaryIO:
        return io.BufferedReader(_CountedFile(self.files[path or self.name]))  # type: ignore[return-value]


def _onnx() -> tuple[bytes, bytes]:
    """A model with an initializer of 10 GiB, and what stands behind it."""
    data_key = b"\x4a" + varint(_HOLE)
    tensor = number(1, _COUNT) + number(2, 1) + field(8, b"w")
    tensor_size = len(tensor) + len(data_key) + _HOLE
    output = field(12, field(1, b"y"))
    graph_size = 1 + len(varint(tensor_size)) + tensor_size + len(output)
    start = number(1, 8) + field(2, b"large") + b"\x3a" + varint(graph_size)
    start += b"\x2a" + varint(tensor_size) + tensor + data_key
    return start, output + field(8, number(2, 17))


def _safetensors() -> tuple[bytes, bytes]:
    header = json.dumps({"w": {"dtype": "F32", "shape": [_COUNT], "data_offsets": [0, _HOLE]}}).encode()
    header = header.ljust(96)  # as its library pads it
    return struct.pack("<Q", len(header)) + header, b""


def _gguf() -> tuple[bytes, bytes]:
    header = b"GGUF" + struct.pack("<IQQ", 3, 1, 0)
    tensor = struct.pack("<Q", 1) + b"w" + struct.pack("<IQIQ", 1, _COUNT, 0, 0)
    start = header + tensor
    return start + bytes(-len(start) % 32), b""


def _npy() -> tuple[bytes, bytes]:
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({_COUNT},), }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text, b""


LARGE = {"onnx": _onnx, "safetensors": _safetensors, "gguf": _gguf, "npy": _npy}


def _write(path: Path, form: str, hole: int = _HOLE) -> _CountedBytes:
    start, end = LARGE[form]()
    path.write_bytes(start)
    os.truncate(path, len(start) + hole)
    with path.open("ab") as file:
        file.write(end)
    return _CountedBytes(path.name, {path.name: path})


@pytest.mark.parametrize("form", LARGE)
def test_a_file_of_ten_gigabytes_is_read_in_kilobytes(form: str, tmp_path: Path) -> None:
    artifact = _write(tmp_path / "model", form)
    assert detect_format(tmp_path / "model") == form
    _CountedFile.tally = 0
    facts = read_contents(artifact, form).facts
    assert facts.get("parameters", _COUNT) == _COUNT
    assert 0 < _CountedFile.tally < 64 << 10


@pytest.mark.parametrize("form", LARGE)
def test_one_byte_less_is_told(form: str, tmp_path: Path) -> None:
    artifact = _write(tmp_path / "model", form, _HOLE - 1)
    with pytest.raises(Broken):
        read_contents(artifact, form)
