"""Which reader says what of an artifact in which format: the one table of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.artifact.formats import safetensors_file
from rollbook.artifact.formats.contents import Broken, Contents

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rollbook.artifact.formats.artifact_bytes import ArtifactBytes

READERS: Mapping[str, Callable[[ArtifactBytes], Contents]] = {
    "safetensors": safetensors_file.read,
}


def read_contents(artifact: ArtifactBytes, form: str) -> Contents:
    """Return what an artifact in the format `form` says of itself; nothing where no reader knows the format.

    Raises Broken for bytes that end too early or contradict themselves.
    """
    reader = READERS.get(form)
    if reader is None:
        return Contents()
    try:
        return reader(artifact)
    except (OSError, RecursionError, MemoryError) as error:
        raise Broken(f"it can't be read as {form}: {error or type(error).__name__}") from error
