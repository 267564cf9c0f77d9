"""Small files of every format, `FORMAT/NAME`, each a file or a folder, written by the scripts beside them."""

from __future__ import annotations

import os
from pathlib import Path

from rollbook.artifact.formats.artifact_bytes import ArtifactBytes

FOLDER = Path(__file__).parent
SAMPLES = tuple(
    sample.relative_to(FOLDER).as_posix()
    for sample in sorted(FOLDER.glob("*/*"))
    if not sample.parent.name.startswith("__")
)


def artifact_at(path: Path) -> ArtifactBytes:
    """Return the file or folder at `path` as readers see it."""
    if not path.is_dir():
        return ArtifactBytes(path.name, {path.name: path})
    files = [Path(folder, name) for folder, _, names in os.walk(path) for name in names]
    return ArtifactBytes(
        path.name, {file.relative_to(path).as_posix(): file for file in files}, is_folder=True
    )


def sample(name: str) -> ArtifactBytes:
    """Return the sample `FORMAT/NAME`."""
    return artifact_at(FOLDER / name)
