"""Code in an artifact that is no pickle, and that loading it runs: Keras's lambdas, Python that a
configuration names, compiled code.
"""

from __future__ import annotations

import json
import re
import zipfile
from typing import TYPE_CHECKING, Any

from rollbook.artifact.formats.contents import Broken
from rollbook.artifact.scan.verdict import ScanVerdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
    from rollbook.artifact.scan.blob import Blob
    from rollbook.artifact.scan.blob_scan import BlobScan

_HDF5 = b"\x89HDF\r\n\x1a\n"
_COMPILED = (b"\x7fELF", b"MZ\x90\x00", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
# A name that JSON writes in escapes could be any.
_LAMBDA = re.compile(rb'"class_name"\s*:\s*"(?:Lambda|__lambda__|[^"]{0,60}\\u)')
_LAMBDAS = frozenset(["Lambda", "__lambda__"])
_OF_KERAS = ("keras", "tf_keras", "tensorflow.keras", "tensorflow.python.keras", "builtins")
_CHUNK, _OVERLAP = 4 << 20, 256
_LARGEST_CONFIGURATION = 64 << 20
_DEEPEST = 200


def scan_code(scan: BlobScan, blob: Blob, head: bytes) -> None:
    """Note lambdas in Keras's HDF5 files, and compiled code."""
    if head.startswith(_COMPILED):
        scan.add(ScanVerdict.SUSPICIOUS, blob.where, "it is compiled code")
    if blob.name.endswith((".pyc", ".pyd")):
        scan.add(ScanVerdict.SUSPICIOUS, blob.where, "it is compiled Python")
    if head.startswith(_HDF5) and _has_lambda(blob):
        scan.add(
            ScanVerdict.SUSPICIOUS, blob.where, "a layer of it is a Lambda, which runs code it brings along"
        )


def _has_lambda(blob: Blob) -> bool:
    before = b""
    with blob.open() as file:
        while chunk := file.read(_CHUNK):
            if _LAMBDA.search(before + chunk):
                return True
            before = chunk[-_OVERLAP:]
    return False


def scan_keras_configuration(scan: BlobScan, blob: Blob, archive: zipfile.ZipFile) -> None:
    """Note the lambdas in the configuration of a `.keras` archive, and what is not Keras's own."""
    if "model.weights.h5" not in archive.namelist():
        return
    where = f"{blob.where} > config.json"
    info = archive.getinfo("config.json")
    if info.file_size > _LARGEST_CONFIGURATION:
        scan.untold(where, f"it has more than {_LARGEST_CONFIGURATION:,} bytes")
        return
    try:
        configuration = json.loads(archive.read(info))
    except (ValueError, RecursionError, zipfile.BadZipFile) as error:
        scan.untold(where, f"it is no JSON: {error}")
        return
    for entry in _entries(configuration, 0):
        kind, module = entry.get("class_name"), entry.get("module")
        if kind in _LAMBDAS:
            scan.add(
                ScanVerdict.SUSPICIOUS, where, "a layer of it is a Lambda, which runs code it brings along"
            )
        elif isinstance(module, str) and not module.startswith(_OF_KERAS):
            scan.add(ScanVerdict.SUSPICIOUS, where, f"it imports {module}.{kind}, which is not Keras's")


def _entries(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        if "class_name" in value:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _entries(item, depth + 1)


def scan_folder(scan: BlobScan, artifact: ArtifactBytes) -> None:
    """Note the Python that transformers imports for a configuration with an `auto_map`."""
    if not artifact.is_folder:
        return
    for path in sorted(artifact.files):
        if path.rpartition("/")[2] not in ("config.json", "tokenizer_config.json", "adapter_config.json"):
            continue
        try:
            configuration = json.loads(artifact.read(path))
        except (ValueError, RecursionError, Broken, OSError):
            continue  # no configuration that a library could read
        if isinstance(configuration, dict) and configuration.get("auto_map"):
            scan.add(ScanVerdict.SUSPICIOUS, path, "its auto_map names Python code to import")
