"""The format of an artifact by the bytes that the remote holds, whatever its manifest says."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.artifact.formats.detection import detect_format

if TYPE_CHECKING:
    from rollbook.artifact.pointer import Pointer
    from rollbook.artifact.read_only_storage import ReadOnlyStorage
    from rollbook.records.manifest import Artifact


def stored_format(storage: ReadOnlyStorage, pointer: Pointer, artifact: Artifact) -> str:
    """Return the format of an artifact's bytes, which are brought here from the remote for a moment.

    Raises StorageFailed when they can't be, or are not those that `artifact` names.
    """
    with tempfile.TemporaryDirectory(prefix="rollbook-") as directory:
        target = Path(directory, pointer.path)
        storage.uncached().fetch(pointer, sha256=artifact.sha256, size=artifact.size, destination=target)
        return detect_format(target)
