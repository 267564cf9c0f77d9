"""Opening a file below a folder without following a link on the way."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def open_beneath(root: Path, path: str) -> int:
    """Open `path` below `root` (`root` itself when empty) for reading, following no link on the way down."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    if not path:
        return os.open(root, flags)
    *folders, name = path.split("/")
    here = os.open(root, flags | os.O_DIRECTORY)
    try:
        for folder in folders:
            below = os.open(folder, flags | os.O_DIRECTORY, dir_fd=here)
            os.close(here)
            here = below
        return os.open(name, flags, dir_fd=here)
    finally:
        os.close(here)
