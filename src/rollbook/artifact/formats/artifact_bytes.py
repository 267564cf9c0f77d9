"""The files of an artifact as a reader sees them: by their paths in it, opened for reading, with bounds."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from rollbook.artifact.formats.contents import Broken

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
MOST_TEXT = 16 << 20  # bytes of a file that is read whole


@dataclass(frozen=True, slots=True)
class ArtifactBytes:
    """An artifact called `name`: its files' paths in it, with `/`, each with where its bytes are, which may
    have another name. A single file stands under its own name."""

    name: str
    files: Mapping[str, Path]
    is_folder: bool = False

    def open(self, path: str = "") -> BinaryIO:
        """Open a file, or the only one. Raises Broken for what is no plain file, OSError for what is gone."""
        file = os.fdopen(os.open(self.files[path or self.name], _OPEN), "rb")
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise Broken(f"{path or self.name} is not a plain file")
        return file

    def size(self, path: str = "") -> int:
        """Return how many bytes a file has, or the only one."""
        return self.files[path or self.name].stat().st_size

    def read(self, path: str = "", most: int = MOST_TEXT) -> bytes:
        """Return all bytes of a file, or of the only one. Raises Broken when there are more than `most`."""
        with self.open(path) as file:
            data = file.read(most + 1)
        if len(data) > most:
            raise Broken(f"{path or self.name} has more than {most:,} bytes, which none of its kind has")
        return data
