"""Scanning a file or folder at a path, and an artifact by the bytes that the remote holds."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
from rollbook.artifact.formats.detection import detect_format
from rollbook.artifact.scan.scanning import scan

if TYPE_CHECKING:
    from collections.abc import Collection

    from rollbook.artifact.pointer import Pointer
    from rollbook.artifact.read_only_storage import ReadOnlyStorage
    from rollbook.artifact.scan.verdict import ScanReport
    from rollbook.records.manifest import Artifact


def scan_path(path: Path, allow: Collection[str] = ()) -> ScanReport:
    """Scan the file or folder at `path`. A link in a folder, or a special file, makes it inconclusive. Raises
    BadCall when `path` is missing, a link or a special file."""
    form = detect_format(path)
    if not path.is_dir():
        return scan(ArtifactBytes(path.name, {path.name: path}), form, allow=allow)
    found = (Path(folder, name) for folder, _, names in os.walk(path) for name in names)
    files = {file.relative_to(path).as_posix(): file for file in found}
    return scan(ArtifactBytes(path.absolute().name, files, is_folder=True), form, allow=allow)


def stored_scan(
    storage: ReadOnlyStorage, pointer: Pointer, artifact: Artifact, allow: Collection[str] = ()
) -> ScanReport:
    """Scan an artifact's bytes, which are brought here from the remote for a moment.

    Raises StorageFailed when they can't be, or are not those that `artifact` names.
    """
    with tempfile.TemporaryDirectory(prefix="rollbook-") as directory:
        target = Path(directory, pointer.path)
        storage.uncached().fetch(pointer, sha256=artifact.sha256, size=artifact.size, destination=target)
        return scan_path(target, allow)
