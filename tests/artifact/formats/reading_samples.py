"""Hand a sample, or another file, to the reader of its format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artifact.formats.samples import FOLDER, artifact_at
from rollbook.artifact.formats.detection import detect_format
from rollbook.artifact.formats.reading import read_contents

if TYPE_CHECKING:
    from pathlib import Path

    from rollbook.artifact.formats.contents import Contents


def read(path: Path, form: str) -> Contents:
    """Read what is detected as `form`, by its reader."""
    assert detect_format(path) == form
    return read_contents(artifact_at(path), form)


def sample(form: str, name: str) -> Contents:
    return read(FOLDER / form / name, form)
