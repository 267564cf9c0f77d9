"""Pickles in archives and compressed files are found, and what can't be unpacked is never clean."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections import OrderedDict
from typing import TYPE_CHECKING

import joblib
import numpy as np
import pytest

from artifact.scan.pickles_by_hand import call, scanned, tarred, zipped
from rollbook.artifact.scan.verdict import ScanVerdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOSTILE = call("posix", "system", "true")
GOOD = pickle.dumps(OrderedDict(a=1))

PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "zlib": zlib.compress,
    "gzip of gzip of gzip": lambda data: gzip.compress(gzip.compress(gzip.compress(data))),
    "zip": lambda data: zipped({"a/model.pkl": data}),
    "zip, stored": lambda data: zipped({"a/model.pkl": data}, zipfile.ZIP_STORED),
    "zip under another name": lambda data: zipped({"weights.bin": data}),
    "zip in zip": lambda data: zipped({"inner.zip": zipped({"model.pkl": data})}),
    "tar": lambda data: tarred({"a/model.pkl": data}),
    "tar.gz": lambda data: gzip.compress(tarred({"x": b"nothing", "a/model.pkl": data})),
    "zip in tar.xz": lambda data: lzma.compress(tarred({"a.zip": zipped({"model.pkl": data})})),
    "second member of gzip": lambda data: gzip.compress(b"") + gzip.compress(data),
    "gzip behind zeros": lambda data: gzip.compress(b"") + bytes(1000) + gzip.compress(data),
}


@pytest.mark.parametrize("how", PACKED)
def test_what_is_packed_is_found(tmp_path: Path, how: str) -> None:
    report = scanned(tmp_path, PACKED[how](HOSTILE), "model.bin")
    assert report.verdict is ScanVerdict.MALICIOUS
    assert report.globals == ("posix.system",)


@pytest.mark.parametrize("how", PACKED)
def test_what_is_packed_may_be_clean(tmp_path: Path, how: str) -> None:
    report = scanned(tmp_path, PACKED[how](GOOD), "model.bin")
    assert (report.verdict, report.globals) == (ScanVerdict.CLEAN, ("collections.OrderedDict",))


def flagged(data: bytes, bits: int) -> bytes:
    """Set flags of all members, in both places: as encrypted ones have them."""
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.find(mark)
        while start >= 0:
            data = data[: start + at] + bytes([data[start + at] | bits]) + data[start + at + 1 :]
            start = data.find(mark, start + 1)
    return data


def twice() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("data.pkl", GOOD)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("data.pkl", GOOD)
    return buffer.getvalue()


def linked() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo("model.pkl")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(entry)
    return buffer.getvalue()


def renamed_in_directory() -> bytes:
    data = zipped({"model.pkl": GOOD}, zipfile.ZIP_STORED)
    start = data.rfind(b"model.pkl")
    return data[:start] + b"model.txt" + data[start + 9 :]


ZIP, TAR = zipped({"model.pkl": GOOD}), tarred({"model.pkl": GOOD})
UNTOLD = {
    "an encrypted zip": flagged(ZIP, 1),
    "a zip with a prefix": b"#!/bin/sh\n" + ZIP,
    "a zip with a suffix": ZIP + b"more",
    "a zip that is cut off": ZIP[:-30],
    "a zip with a name twice": twice(),
    "a zip whose directory renames": renamed_in_directory(),
    "a zip with a broken member": ZIP[:50] + b"\xff\xff" + ZIP[52:],
    "a zip of another method": ZIP.replace(b"\x08\x00", b"\x63\x00"),
    "7-Zip under another name": b"7z\xbc\xaf\x27\x1c" + bytes(100),
    "RAR": b"Rar!\x1a\x07\x01\x00" + bytes(100),
    "lz4": b"\x04\x22\x4d\x18" + bytes(100),
    "zstd": b"\x28\xb5\x2f\xfd" + bytes(100),
    "gzip that is cut off": gzip.compress(GOOD * 100)[:-12],
    "gzip with garbage behind it": gzip.compress(GOOD) + b"garbage" * 10,
    "gzip with a wrong checksum": gzip.compress(GOOD)[:-8] + bytes(8),
    "tar that is cut off": tarred({"a": GOOD, "model.pkl": bytes(5000)})[:2000],
    "tar with a broken member in the middle": TAR[:1024] + b"\x01" * 512 + HOSTILE + bytes(600),
    "tar with more behind its end": TAR + tarred({"model.pkl": HOSTILE}),
    "tar with a link": linked(),
    "nested too often": (lambda data: [data := gzip.compress(data) for _ in range(12)][-1])(GOOD),
    "a pickle that is cut off": GOOD[:-5],
    "a pickle with garbage behind it": GOOD + b"\xffgarbage",
}


@pytest.mark.parametrize("how", UNTOLD)
def test_what_can_not_be_told_is_not_clean(tmp_path: Path, how: str) -> None:
    report = scanned(tmp_path, UNTOLD[how])
    assert report.verdict is not ScanVerdict.CLEAN
    assert report.reasons


def test_a_bomb_is_over_budget(tmp_path: Path) -> None:
    packer = zlib.compressobj(9)
    zeros = bytes(16 << 20)
    data = b"".join(packer.compress(zeros) for _ in range(40)) + packer.flush()
    report = scanned(tmp_path, data)
    assert report.verdict is ScanVerdict.INCONCLUSIVE
    assert "over budget" in report.sentence()


def test_a_zip_bomb_is_over_budget(tmp_path: Path) -> None:
    report = scanned(tmp_path, zipped({"weights.bin": bytes(400 << 20)}))
    assert "over budget" in report.sentence()


POLYGLOTS = {
    "a pickle, then a zip": HOSTILE + ZIP,
    "a zip in a pickle's bytes": b"\x80\x04B" + struct.pack("<I", len(ZIP)) + ZIP + b"0" + HOSTILE[2:],
    "a tar whose first name is a pickle": tarred({"cposix\nsystem\n(S'true'\ntR.": b""}),
    "a tar that ends in a zip": tarred({"a.zip": zipped({"model.pkl": HOSTILE})}),
}


@pytest.mark.parametrize("how", POLYGLOTS)
def test_bytes_that_are_two_things_are_looked_at_as_both(tmp_path: Path, how: str) -> None:
    assert scanned(tmp_path, POLYGLOTS[how], "model.bin").verdict is ScanVerdict.MALICIOUS


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("lzma", 3), ("xz", 3)])
def test_arrays_in_joblib_files_are_passed_over(tmp_path: Path, compress: object) -> None:
    path = tmp_path / "model"
    objects = np.array([1, "a", None], dtype=object)
    records = np.zeros(2, dtype=[("a", "f4"), ("b", "U3")])
    joblib.dump([np.arange(10_000), objects, records, OrderedDict(a=1)], path, compress=compress)
    report = scanned(tmp_path, path.read_bytes(), "model.joblib")
    assert report.verdict is ScanVerdict.CLEAN
    assert "joblib.numpy_pickle.NumpyArrayWrapper" in report.globals


class Hostile:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit",)


@pytest.mark.parametrize("compress", [0, ("zlib", 3)])
def test_what_follows_an_array_in_a_joblib_file_is_found(tmp_path: Path, compress: object) -> None:
    joblib.dump([np.arange(10), Hostile()], tmp_path / "model", compress=compress)
    report = scanned(tmp_path, (tmp_path / "model").read_bytes(), "model.joblib")
    assert report.verdict is ScanVerdict.MALICIOUS


def test_so_is_what_stands_in_an_array_of_objects(tmp_path: Path) -> None:
    joblib.dump([np.array([1, Hostile()], dtype=object)], tmp_path / "model")
    report = scanned(tmp_path, (tmp_path / "model").read_bytes(), "model.joblib")
    assert report.verdict is ScanVerdict.MALICIOUS


def test_what_only_another_reader_than_joblib_runs_is_found(tmp_path: Path) -> None:
    # A wrapper without padding: plain pickle takes the array's bytes for opcodes, and goes on.
    array = np.frombuffer(b"0" + HOSTILE[2:], dtype="u1")
    joblib.dump(array, tmp_path / "model")
    data = (tmp_path / "model").read_bytes()
    start = data.index(array.tobytes())
    wrapper = data[: data.rindex(b"ub", 0, start) + 2]
    unpadded = wrapper.replace(b"\x8c\x1bnumpy_array_alignment_bytes", b"\x8c\x1bnumpy_array_alignment_bytez")
    report = scanned(tmp_path, unpadded + array.tobytes() + b".", "model.joblib")
    assert report.verdict is ScanVerdict.MALICIOUS


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\x8c\x02i8", b"\x8c\x02O8"),  # the type says objects, its flags don't
        (b"\x8c\x02i8", b"\x8c\x02i4"),  # shorter than it is
        (b"numpy_array_alignment_bytes", b"numpy_array_alignment_bytez"),
        (b"\x8c\x05shape", b"\x8c\x05shapo"),
    ],
)
def test_an_array_that_is_not_as_joblib_writes_it_is_not_clean(
    tmp_path: Path, old: bytes, new: bytes
) -> None:
    joblib.dump([np.arange(10, dtype="i8"), OrderedDict(a=1)], tmp_path / "model")
    data = (tmp_path / "model").read_bytes()
    assert old in data
    assert not scanned(tmp_path, data.replace(old, new), "model.joblib").is_clean


def test_arrays_of_objects_in_npz_are_pickles(tmp_path: Path) -> None:
    for name, array in {"good": [1, "a"], "bad": [1, Hostile()]}.items():
        np.savez(tmp_path / name, plain=np.arange(3), objects=np.array(array, dtype=object))
    assert scanned(tmp_path, (tmp_path / "good.npz").read_bytes(), "model.npz").is_clean
    report = scanned(tmp_path, (tmp_path / "bad.npz").read_bytes(), "model.npz")
    assert report.verdict is ScanVerdict.MALICIOUS


def test_an_array_of_numbers_is_clean(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(100))
    report = scanned(tmp_path, (tmp_path / "a.npy").read_bytes(), "model.npy")
    assert (report.verdict, report.streams) == (ScanVerdict.CLEAN, ())


def test_a_class_of_the_teams_own_may_be_allowed(tmp_path: Path) -> None:
    data = call("credit.features", "Binner")
    assert scanned(tmp_path, data).verdict is ScanVerdict.SUSPICIOUS
    assert scanned(tmp_path, data, allow=("credit.features.Binner",)).is_clean
    assert scanned(tmp_path, data).allowlist != scanned(tmp_path, data, allow=("a.B",)).allowlist


@pytest.mark.parametrize("text", [b"cat\ndog\nbird\n", b'{"layers": []}\n', b"In the beginning\n", b""])
def test_text_is_clean(tmp_path: Path, text: bytes) -> None:
    assert scanned(tmp_path, text, "notes.txt").verdict is ScanVerdict.CLEAN
