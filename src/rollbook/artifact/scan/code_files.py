"""Code in an artifact that is no pickle, and that loading it runs: Keras's lambdas, Python that a
configuration names, compiled code.
"""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

from rollbook.artifact.formats import keras_archive, skops_archive
from rollbook.artifact.formats.contents import Broken
from rollbook.artifact.scan.verdict import ScanVerdict

if TYPE_CHECKING:
    from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
    from rollbook.artifact.scan.blob import Blob
    from rollbook.artifact.scan.blob_scan import BlobScan

_HDF5 = b"\x89HDF\r\n\x1a\n"
_COMPILED = (b"\x7fELF", b"MZ\x90\x00", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
# A name that JSON writes in escapes could be any.
_LAMBDA = re.compile(rb'"class_name"\s*:\s*"(?:Lambda|__lambda__|[^"]{0,60}\\u)')
_MOST_TOLD = 100
_CHUNK, _OVERLAP = 4 << 20, 256
_LARGEST_CONFIGURATION = 64 << 20


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


def scan_archive(scan: BlobScan, blob: Blob, archive: zipfile.ZipFile) -> None:
    """Note the code in a `.keras` archive's configuration, and what a skops archive has somebody trust."""
    names = archive.namelist()
    if "config.json" in names and any(name.startswith("model.weights.") for name in names):
        configuration = _document(scan, blob, archive, "config.json")
        where = f"{blob.where} > config.json"
        for layer in keras_archive.lambda_layers(configuration)[:_MOST_TOLD]:
            text = f"the layer {layer} of it is a Lambda, which runs code it brings along"
            scan.add(ScanVerdict.SUSPICIOUS, where, text)
        for name in keras_archive.outside_code(configuration)[:_MOST_TOLD]:
            scan.add(ScanVerdict.SUSPICIOUS, where, f"it imports {name}, which is not Keras's", name)
    if "schema.json" in names:
        schema = _document(scan, blob, archive, "schema.json")
        for name in skops_archive.untrusted_types(schema)[:_MOST_TOLD]:
            if name not in scan.allowlist.added:
                text = f"it names {name}, which whoever loads it has to trust"
                scan.add(ScanVerdict.SUSPICIOUS, f"{blob.where} > schema.json", text, name)


def _document(scan: BlobScan, blob: Blob, archive: zipfile.ZipFile, name: str) -> Any:
    """Return the JSON in an archive's member; None where that can't be told, which is noted."""
    where = f"{blob.where} > {name}"
    info = archive.getinfo(name)
    if info.file_size > _LARGEST_CONFIGURATION:
        scan.untold(where, f"it has more than {_LARGEST_CONFIGURATION:,} bytes")
        return None
    try:
        return json.loads(archive.read(info))
    except (ValueError, RecursionError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        scan.untold(where, f"it is no JSON: {error}")
        return None


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
