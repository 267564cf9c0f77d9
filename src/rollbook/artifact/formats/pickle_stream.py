"""What pickles say of themselves: the globals they import, their protocol, and which library wrote them.

Nothing is unpickled: the opcodes are followed as a scan does (`artifact/scan/`).
"""

from __future__ import annotations

import zipfile
import zlib
from collections import Counter
from typing import TYPE_CHECKING

from rollbook.artifact.formats.contents import Broken, Contents
from rollbook.artifact.scan.allowed_globals import frameworks
from rollbook.artifact.scan.pickled_values import Imported
from rollbook.artifact.scan.scanning import scan

if TYPE_CHECKING:
    from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
    from rollbook.artifact.formats.contents import Fact
    from rollbook.artifact.scan.verdict import ScanReport

_MOST_GLOBALS = 1000
_LONGEST = 100  # characters of a text
# What an estimator's state says of the library, by its key.
_VERSIONS = {"_sklearn_version": "scikit-learn"}
_STORAGES = {
    "FloatStorage": "float32", "DoubleStorage": "float64", "HalfStorage": "float16", "LongStorage": "int64",
    "BFloat16Storage": "bfloat16", "IntStorage": "int32", "ShortStorage": "int16", "CharStorage": "int8",
    "ByteStorage": "uint8", "BoolStorage": "bool", "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
}  # fmt: skip


def read_pickle(artifact: ArtifactBytes) -> Contents:
    """Read a pickle, or a joblib file: its globals, its protocol, and the library that wrote it as far as it
    says. Raises Broken for one that breaks off."""
    report = scan(artifact, "pickle", asks_engine=False)
    if not report.streams:
        raise Broken("no pickle is in it")
    facts: dict[str, Fact] = {
        "protocol": max(stream.protocol for stream in report.streams),
        "globals": len(report.globals),
    }
    if len(report.streams) > 1:
        facts["pickles"] = len(report.streams)
    return _contents(report, facts)


def read_pytorch(artifact: ArtifactBytes) -> Contents:
    """Read a PyTorch checkpoint: its globals, and of a zip archive its storages and the types of its tensors.
    Raises Broken as `read_pickle` does."""
    report = scan(artifact, "pytorch", asks_engine=False)
    if not report.streams:
        raise Broken("no pickle is in it")
    facts: dict[str, Fact] = {"globals": len(report.globals), **_archive_facts(artifact)}
    names = {_STORAGES.get(name.rpartition(".")[2], "") for name in report.globals}
    if dtypes := sorted(names - {""}):
        facts["dtypes"] = list(dtypes)
    found = _contents(report, facts)
    return Contents(found.facts, {"name": "pytorch"}, globals=found.globals, remarks=found.remarks)


def _contents(report: ScanReport, facts: dict[str, Fact]) -> Contents:
    remarks = tuple(str(reason) for reason in report.reasons[:3])
    return Contents(facts, _framework(report), globals=report.globals[:_MOST_GLOBALS], remarks=remarks)


def _framework(report: ScanReport) -> dict[str, str]:
    """Return the library of the model, by its globals, and its version where the pickle has it."""
    names = [Imported(*_halves(name)) for name in report.globals]
    found = frameworks(names) or _by_package(report)
    if not found:
        return {}
    name = {"torch": "pytorch"}.get(found[0], found[0])
    for stream in report.streams:
        for key, value in stream.texts:
            if _VERSIONS.get(key) == name:
                return {"name": name, "version": value[:_LONGEST]}
    return {"name": name}


def _by_package(report: ScanReport) -> list[str]:
    counted = Counter(name.partition(".")[0] for name in report.globals)
    own = [(count, name) for name, count in counted.items() if name not in ("builtins", "copyreg", "joblib")]
    return [max(own)[1][:_LONGEST]] if own else []


def _halves(name: str) -> tuple[str, str]:
    module, _, last = name.rpartition(".")
    return module, last


def _archive_facts(artifact: ArtifactBytes) -> dict[str, Fact]:
    """Return what a checkpoint's archive has beside its pickle; nothing of the format before 1.6."""
    with artifact.open() as file:
        try:
            if not zipfile.is_zipfile(file):  # which raises too, for some
                return {"layout": "legacy"}
            with zipfile.ZipFile(file) as archive:
                members = archive.infolist()
                storages = [member for member in members if "/data/" in member.filename]
                facts: dict[str, Fact] = {
                    "storages": len(storages),
                    "storage_bytes": sum(member.file_size for member in storages),
                }
                version = next((item for item in members if item.filename.endswith("/version")), None)
                if version is not None and version.file_size <= _LONGEST:
                    text = archive.read(version).decode("ascii", "replace").strip()
                    facts["layout"] = text if text.isalnum() else "unknown"
                return facts
        except (
            zipfile.BadZipFile,
            NotImplementedError,
            RuntimeError,
            ValueError,
            EOFError,
            zlib.error,
        ) as error:
            raise Broken(f"its archive can't be read: {error}") from error
