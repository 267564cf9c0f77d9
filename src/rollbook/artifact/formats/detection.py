"""Tell an artifact's format from its first bytes and its name. Nothing is loaded, unpacked or unpickled."""

from __future__ import annotations

import bz2
import io
import json
import lzma
import os
import re
import stat
import zlib
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, BinaryIO

from rollbook.artifact import numpy_header
from rollbook.artifact.artifact_files import cannot_read
from rollbook.artifact.formats.folder_detection import format_of_root
from rollbook.artifact.formats.xgboost_model import looks_legacy
from rollbook.artifact.pickle_scan import may_run_code
from rollbook.artifact.zip_scan import zip_format
from rollbook.errors import BadCall

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


# Loading one of these the usual way can run code that the file brings along.
UNSAFE_FORMATS: frozenset[str] = frozenset(["joblib", "mlflow-model", "pickle", "pytorch", "torch-export"])

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_HEAD = 64 << 10
_INFLATED = 64 << 10
_LARGEST_SAFETENSORS_HEADER = 100_000_000
_PICKLE_SUFFIXES = frozenset([".pkl", ".pickle", ".p"])
_MAGIC = (
    (0, b"\x89HDF\r\n\x1a\n", "hdf5"),
    (0, b"GGUF", "gguf"),
    (0, b"CBM1", "catboost"),
    (4, b"TFL3", "tflite"),
    (0, b"tree\nversion=", "lightgbm-text"),
    (0, b"{L\x00\x00\x00\x00\x00\x00\x00\x07learner", "xgboost-ubj"),
    (257, b"ustar", "tar"),
)
# XGBoost writes its keys in order; the names of many features can fill what is read of the file.
_XGBOOST_JSON = re.compile(
    rb'\s*\{\s*("version"\s*:\s*\[[\s0-9,]*\]\s*,\s*)?"learner"\s*:\s*\{'
    rb'\s*"(attributes|feature_names|feature_types|gradient_booster|learner_\w+|objective)"\s*:'
)
_LIGHTGBM_JSON = re.compile(rb'\s*\{\s*"name"\s*:\s*"tree"\s*,\s*"version"\s*:\s*"v[0-9]')
_CATBOOST_FEATURES = re.compile(rb'"(?:float|categorical|text|embedding)_features"')
_FOLDER_MARKERS = {
    "MLmodel": "mlflow-model",
    "saved_model.pb": "tf-saved-model",
    "saved_model.pbtxt": "tf-saved-model",
}
# The number torch.save's first format begins with, as protocol 2 pickles it.
_TORCH_LEGACY = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"


def detect_format(path: Path) -> str:
    """Name the format of the file or folder at `path`: `onnx`, `safetensors`, `pickle`, ...

    `binary` and `folder` mean that nothing more is known. A pickle is followed opcode by
    opcode, and a zip archive member by member, within bounds; of anything else a few blocks of 64 KiB are
    read.
    Raises BadCall when `path` is missing, a link or a special file.
    """
    try:
        if path.is_dir() and not path.is_symlink():
            return _detect_folder(path)
        with os.fdopen(os.open(path, _OPEN), "rb") as file:
            return detect_open_file(file, path.name)
    except OSError as error:
        raise cannot_read(path, error) from error


def _detect_folder(path: Path) -> str:
    files = (Path(folder, name) for folder, _, names in os.walk(path) for name in names)
    return folder_format(path.name, {file.relative_to(path).as_posix(): file for file in files})


def folder_format(name: str, files: Mapping[str, Path]) -> str:
    """Name the format of a folder called `name`, of its files' paths in it, each with where its bytes are.

    It is that of a file which can run code, where there is one.
    """
    marked = {_FOLDER_MARKERS[file] for file in files if file in _FOLDER_MARKERS}
    if not marked.isdisjoint(UNSAFE_FORMATS):
        return min(marked & UNSAFE_FORMATS)
    root: dict[str, str] = {}
    for file, place in sorted(files.items()):
        with os.fdopen(os.open(place, _OPEN), "rb") as opened:
            if (found := detect_open_file(opened, PurePath(file).name)) in UNSAFE_FORMATS:
                return found
        if "/" not in file:
            root[file] = found
    if marked:
        return min(marked)
    if known := format_of_root(files, root):
        return known
    return "coreml" if PurePath(name).suffix.lower() == ".mlpackage" else "folder"


def detect_open_file(file: BinaryIO, name: str) -> str:
    """Name the format of the plain file open as `file`, known to its owner as `name`."""
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        raise BadCall(f"{name!r} is not a plain file")
    head = file.read(_HEAD)
    suffix = PurePath(name).suffix.lower()
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return zip_format(file, status.st_size)
    # First of all: a pickle can begin with what another format begins with.
    if _unpickles(file, head, status.st_size):
        return _pickle_format(head, suffix) or "pickle"
    if head.startswith(numpy_header.MAGIC):
        return "pickle" if numpy_header.holds_objects(head) else "npy"
    if _is_safetensors(file, head, status.st_size):
        return "safetensors"
    return _by_magic(head) or _pickle_format(head, suffix) or _by_content(head, suffix, status.st_size)


def _unpickles(file: BinaryIO, head: bytes, size: int) -> bool:
    """Whether unpickling the file, or what it holds compressed, may run code that it brings along."""
    file.seek(0)
    if may_run_code(file, size):
        return True
    content = _inflated(head) if _decompressor(head) else b""
    is_whole = len(content) < _INFLATED and size <= _HEAD
    return bool(content) and may_run_code(io.BytesIO(content), len(content), is_whole=is_whole)


def _is_safetensors(file: BinaryIO, head: bytes, size: int) -> bool:
    # https://github.com/huggingface/safetensors#format: the header's length, then the header, a JSON object.
    length = int.from_bytes(head[:8], "little")
    if len(head) < 10 or head[8:9] != b"{" or not 2 <= length <= min(size - 8, _LARGEST_SAFETENSORS_HEADER):
        return False
    if length > len(head) - 8:
        file.seek(8 + length - 64)
        return file.read(64).rstrip(b" ").endswith(b"}")
    header = _json(head[8 : 8 + length])
    return isinstance(header, dict) and all(isinstance(value, dict) for value in header.values())


def _by_magic(head: bytes) -> str:
    for at, magic, name in _MAGIC:
        if head.startswith(magic, at):
            return name
    return ""


def _pickle_format(head: bytes, suffix: str) -> str:
    content = _inflated(head) if (packed := _decompressor(head)) else head
    if packed and _by_magic(content) == "tar":
        return "tar"
    if content[:1] == b"\x80" and content[1:2] <= b"\x05" and len(content) > 2:
        if content[2:].startswith(_TORCH_LEGACY):
            return "pytorch"
        is_joblib = suffix == ".joblib" or b"joblib.numpy_pickle" in content or packed == "zlib"
        return "joblib" if is_joblib else "pickle"
    if suffix == ".joblib":
        return "joblib"
    return "pickle" if suffix in _PICKLE_SUFFIXES else ""


def _decompressor(head: bytes) -> str:
    if head[:1] == b"\x78" and len(head) > 2 and int.from_bytes(head[:2], "big") % 31 == 0:
        return "zlib"
    magic = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ\x00": "xz", b"\x5d\x00\x00": "xz"}
    return next((name for start, name in magic.items() if head.startswith(start)), "")


def _inflated(head: bytes) -> bytes:
    """Return the first bytes of compressed content; empty when it can't be unpacked within bounds."""
    unpack: dict[str, Callable[[], bytes]] = {
        "zlib": lambda: zlib.decompressobj().decompress(head, _INFLATED),
        "gzip": lambda: zlib.decompressobj(wbits=31).decompress(head, _INFLATED),
        "bz2": lambda: bz2.BZ2Decompressor().decompress(head, _INFLATED),
        "xz": lambda: lzma.LZMADecompressor(memlimit=_MEMORY).decompress(head, _INFLATED),
    }
    try:
        return unpack[_decompressor(head)]()
    except (zlib.error, lzma.LZMAError, OSError, EOFError):
        return b""


_MEMORY = 128 << 20


def _by_content(head: bytes, suffix: str, size: int) -> str:
    if suffix == ".mlmodel":
        return "coreml"
    if _is_onnx(head):
        return "onnx"
    if looks_legacy(head):
        return "xgboost-legacy"
    if head.lstrip()[:1] not in (b"{", b"["):
        return "binary"
    if _XGBOOST_JSON.match(head):
        return "xgboost-json"
    if _LIGHTGBM_JSON.match(head):
        return "lightgbm-json"
    if b'"features_info"' in head and _CATBOOST_FEATURES.search(head):
        return "catboost-json"
    whole = size <= len(head) and _json(head) is not None
    return "json" if whole or (suffix == ".json" and size > len(head)) else "binary"


def _json(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


# Fields of ModelProto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto) and their protobuf wire types.
_ONNX_FIELDS = {1: 0, 2: 2, 3: 2, 4: 2, 5: 0, 6: 2, 7: 2, 8: 2, 14: 2, 20: 2, 25: 2, 26: 2}
_ONNX_GRAPH, _ONNX_OPSET = 7, 8


def _is_onnx(head: bytes) -> bool:
    """Walk the outermost fields: an IR version, only ONNX's fields, and a graph or an operator set."""
    at, version, shaped = 0, 0, False
    while at < len(head):
        tag, at = _varint(head, at)
        field, wire = tag >> 3, tag & 7
        if _ONNX_FIELDS.get(field) != wire:
            return False
        value, at = _varint(head, at)
        if at > len(head):
            return False
        if field == 1:
            version = value
        shaped = shaped or field in (_ONNX_GRAPH, _ONNX_OPSET)
        at += value if wire else 0
    return 1 <= version <= 64 and shaped


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the protobuf varint at `at` and where it ends; past the data's end when it is cut off."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            return value, len(data) + 1
        value |= (data[at] & 0x7F) << shift
        at += 1
        if not data[at - 1] & 0x80:
            break
    return value, at
