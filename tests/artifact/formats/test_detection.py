from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import struct
import tarfile
import zipfile
from pathlib import Path

import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollbook.artifact.formats.detection import UNSAFE_FORMATS, detect_format, detect_open_file
from rollbook.artifact.zip_scan import zip_format
from rollbook.errors import BadCall


def _zip(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, b"content")
    return buffer.getvalue()


def _joblib(compress: object = 0) -> bytes:
    buffer = io.BytesIO()
    joblib.dump({"w": np.arange(1000)}, buffer, compress=compress)
    return buffer.getvalue()


def _tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"))
    return buffer.getvalue()


def _safetensors(entries: int) -> bytes:
    header = {
        f"t{n}": {"dtype": "F32", "shape": [1], "data_offsets": [4 * n, 4 * n + 4]} for n in range(entries)
    }
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + b"\0" * 4 * entries


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2, len(content)]) + content


class _Runs:
    def __reduce__(self) -> object:
        return os.system, ("false",)


ONNX = b"\x08\x09" + _field(2, b"pytorch") + _field(7, b"graph") + _field(8, b"\x10\x12")
TORCH_LEGACY = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2)


FILES = [
    ("model.onnx", ONNX, "onnx"),
    ("model.pkl", pickle.dumps([1, 2]), "pickle"),
    ("model.pkl", pickle.dumps([1, 2], 0), "pickle"),
    ("model.bin", pickle.dumps({"a": 1}, 4), "pickle"),
    ("model.bin", pickle.dumps(_Runs(), 0), "pickle"),
    ("model.bin", gzip.compress(pickle.dumps({"a": 1})), "pickle"),
    ("model.bin", bz2.compress(pickle.dumps({"a": 1})), "pickle"),
    ("model.bin", lzma.compress(pickle.dumps({"a": 1})), "pickle"),
    ("model.bin", _joblib(), "joblib"),
    ("model.joblib", _joblib(3), "joblib"),
    ("model.bin", _joblib(3), "joblib"),
    ("model.joblib", pickle.dumps([1]), "joblib"),
    ("model.skops", _zip("schema.json", "0.npy"), "skops"),
    ("model.safetensors", _safetensors(3), "safetensors"),
    ("model.bin", _safetensors(3), "safetensors"),
    ("model.safetensors", _safetensors(3000), "safetensors"),
    ("model.pt", _zip("archive/data.pkl", "archive/version", "archive/data/0"), "pytorch"),
    ("model.pt", TORCH_LEGACY, "pytorch"),
    ("model.pt", _zip("m/data.pkl", "m/constants.pkl", "m/code/a.py"), "torchscript"),
    ("model.keras", _zip("metadata.json", "config.json", "model.weights.h5"), "keras"),
    ("model.h5", b"\x89HDF\r\n\x1a\n" + bytes(100), "hdf5"),
    ("model.json", b'{"learner":{"gradient_booster":{}},"version":[2,0,0]}', "xgboost-json"),
    ("model.txt", b"tree\nversion=v4\nnum_class=1\n", "lightgbm-text"),
    ("model.gguf", b"GGUF\x03\0\0\0", "gguf"),
    ("model.tflite", b"\x1c\0\0\0TFL3", "tflite"),
    ("model.mlmodel", b"\x08\x04\x12\x00", "coreml"),
    ("params.json", b'{"a": 1}', "json"),
    ("big.json", b'{"a": "' + b"x" * 100_000 + b'"}', "json"),
    ("weights.zip", _zip("a", "b"), "zip"),
    ("weights.tar", _tar(), "tar"),
    ("weights.tar.gz", gzip.compress(_tar()), "tar"),
    ("model.bin", b"just bytes", "binary"),
    ("model.json", b"{not json", "binary"),
    ("notes.txt", b"class\nfoo\nbar\n", "binary"),
    ("model.onnx", b"not onnx", "binary"),
    ("model.safetensors", (1 << 62).to_bytes(8, "little") + b"{}", "binary"),
]


@pytest.mark.parametrize(
    ("name", "content", "expected"), FILES, ids=[f"{number}-{row[2]}" for number, row in enumerate(FILES)]
)
def test_a_file_is_known_by_its_content(tmp_path: Path, name: str, content: bytes, expected: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert detect_format(tmp_path / name) == expected


@pytest.mark.parametrize(
    ("name", "file", "expected"),
    [
        ("m", "saved_model.pb", "tf-saved-model"),
        ("m", "MLmodel", "mlflow-model"),
        ("m.mlpackage", "Manifest.json", "coreml"),
        ("m", "weights.bin", "folder"),
    ],
)
def test_a_folder_is_known_by_its_files(tmp_path: Path, name: str, file: str, expected: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / file).write_text("x")
    assert detect_format(tmp_path / name) == expected


@pytest.mark.parametrize("marker", ["config.json", "saved_model.pb"])
def test_a_pickle_in_a_folder_makes_its_format(tmp_path: Path, marker: str) -> None:
    (tmp_path / "m" / "deep").mkdir(parents=True)
    (tmp_path / "m" / marker).write_text("x")
    (tmp_path / "m" / "deep" / "weights.bin").write_bytes(HOSTILE)
    assert detect_format(tmp_path / "m") == "pickle"


def test_formats_that_run_code_when_loaded_are_named_unsafe() -> None:
    assert {"pickle", "joblib", "pytorch"} <= UNSAFE_FORMATS
    assert not {"onnx", "safetensors", "skops"} & UNSAFE_FORMATS


def test_detecting_a_pickle_runs_nothing(tmp_path: Path) -> None:
    class Touches:
        def __reduce__(self) -> object:
            return Path.touch, (tmp_path / "ran",)

    for protocol in range(6):
        (tmp_path / "model.pkl").write_bytes(pickle.dumps(Touches(), protocol))
        assert detect_format(tmp_path / "model.pkl") == "pickle"
    assert not (tmp_path / "ran").exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").symlink_to("/etc/passwd")
    with pytest.raises(BadCall):
        detect_format(tmp_path / "model.onnx")


def test_a_named_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "model.onnx")
    with pytest.raises(BadCall, match="not a plain file"):
        detect_format(tmp_path / "model.onnx")


def test_a_zip64_archive_is_read_through_its_own_end_record() -> None:
    plain = _zip("archive/data.pkl")
    end = plain.rindex(b"PK\x05\x06")
    at = int.from_bytes(plain[end + 16 : end + 20], "little")
    record = b"PK\x06\x06" + (44).to_bytes(8, "little") + bytes(12) + (1).to_bytes(8, "little") * 2
    record += (end - at).to_bytes(8, "little") + at.to_bytes(8, "little")
    locator = b"PK\x06\x07" + bytes(4) + end.to_bytes(8, "little") + bytes(4)
    zip64 = plain[:end] + record + locator + plain[end : end + 16] + b"\xff" * 4 + b"\0\0"
    assert zip_format(io.BytesIO(zip64), len(zip64)) == "pytorch"


def test_a_zip_of_very_many_entries_is_read_within_bounds(tmp_path: Path) -> None:
    for count, expected in ((3_000, "zip"), (10_001, "pickle")):
        path = tmp_path / f"{count}.zip"
        path.write_bytes(_zip(*(f"file-{n}" for n in range(count))))
        assert detect_format(path) == expected


def _stored(*members: tuple[str, bytes], **options: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **options) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


HOSTILE = pickle.dumps(_Runs(), 4)
MANY = [(f"a/{'x' * 200}{number}", b"") for number in range(400)]  # more than 64 KiB of names
BENIGN = _zip("a", "b")
HIDDEN = {
    "behind many names": _stored(*MANY, ("archive/data.pkl", HOSTILE)),
    "under another name": _stored(("a", b"x"), ("weights.bin", HOSTILE)),
    "packed": _stored(("weights.bin", HOSTILE), compression=zipfile.ZIP_DEFLATED),
    "packed in an unusual way": _stored(("weights.bin", HOSTILE), compression=zipfile.ZIP_LZMA),
    "behind bytes": _stored(("a", b"B" + (1 << 20).to_bytes(4, "little") + bytes(1 << 20) + b"0" + HOSTILE)),
    "in Skops's clothes": _stored(("schema.json", b"{}"), ("0.npy", HOSTILE)),
    "beside TorchScript's": _stored(("m/data.pkl", b""), ("m/constants.pkl", b""), ("m/x", HOSTILE)),
    "in a second directory": _stored(("data.pkl", HOSTILE))[:-22] + BENIGN,
    "before a comment that ends early": _stored(("m/data.pkl", HOSTILE)) + b"PK\x05\x06" + bytes(18),
    "cut off": _stored(("a", b"x"), ("archive/data.pkl", HOSTILE))[:-30],
    "without an end": b"PK\x03\x04" + bytes(100),
}


@pytest.mark.parametrize("how", HIDDEN)
def test_a_pickle_in_a_zip_has_no_safe_format(tmp_path: Path, how: str) -> None:
    (tmp_path / "model.zip").write_bytes(HIDDEN[how])
    assert detect_format(tmp_path / "model.zip") in UNSAFE_FORMATS


def test_members_of_raw_bytes_make_no_pickle_of_a_zip(tmp_path: Path) -> None:
    members = [(str(number), bytes([number]) + bytes(range(256)) * 8) for number in range(256)]
    (tmp_path / "model.zip").write_bytes(_stored(*members))
    assert detect_format(tmp_path / "model.zip") == "zip"


_STARTS = [b"", b"PK\x03\x04", b"\x80\x04", b"\x78\x9c", b"\x1f\x8b", b"BZh9", b"{", b"\x08\x09", b"c"]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(_STARTS), st.binary(max_size=300), st.sampled_from(["m", "m.pkl", "m.json", "m.onnx"]))
def test_no_content_makes_detection_fail(start: bytes, rest: bytes, name: str) -> None:
    with Path(f"/proc/self/fd/{os.memfd_create('probe')}").open("r+b") as file:
        file.write(start + rest)
        file.seek(0)
        assert detect_open_file(file, name)


def test_an_archive_whose_member_has_no_name_counts_as_a_pickle(tmp_path: Path) -> None:
    (tmp_path / "model.zip").write_bytes(_zip("a", "Q").replace(b"Q", b"\0"))
    assert detect_format(tmp_path / "model.zip") == "pickle"


def test_an_archive_with_an_end_of_64_bits_that_is_not_needed_is_read(tmp_path: Path) -> None:
    # So PyTorch writes each.
    data = _zip("m/data.pkl", "m/version")
    at = data.index(b"PK\x05\x06")
    _, _, here, entries, length, start, _ = struct.unpack("<4H2LH", data[at + 4 :])
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, here, entries, length, start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1)
    path = tmp_path / "model.pt"
    path.write_bytes(data[:at] + record + locator + data[at:])
    assert detect_format(path) == "pytorch"
    other = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, length, start)
    path.write_bytes(data[:at] + other + locator + data[at:])
    assert detect_format(path) == "pickle"
