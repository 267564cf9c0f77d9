"""Objects that a read-only repository can't take in: a merge that is only judged, the tree of an index.

They stand in a temporary folder for as long as this process lives, where every git that it starts finds them.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING

from rollbook.git.quoting import quoted

if TYPE_CHECKING:
    from pathlib import Path

_OBJECTS = "GIT_OBJECT_DIRECTORY"
_folders: dict[Path, tempfile.TemporaryDirectory[str]] = {}


def scratch_variables(common_dir: Path) -> dict[str, str]:
    """Return the variables by which git finds what was put beside this repository: none, as a rule."""
    folder = _folders.get(common_dir)
    if folder is None:
        return {}
    alternates = [quoted(str(common_dir / "objects"))]
    if inherited := os.environ.get("GIT_ALTERNATE_OBJECT_DIRECTORIES"):
        alternates.append(inherited)
    return {_OBJECTS: folder.name, "GIT_ALTERNATE_OBJECT_DIRECTORIES": os.pathsep.join(alternates)}


def have_room(common_dir: Path) -> None:
    """See to it that git can write objects for this process to read, whoever owns the repository.

    Where refs can be written they stay out of it: none must come to point at what goes with this process.
    """
    if common_dir in _folders or _OBJECTS in os.environ:
        return
    if not any(os.access(common_dir / name, os.W_OK) for name in ("objects", "refs", ".")):
        with suppress(OSError):  # where there is no room either, git says whether it needs any
            _folders[common_dir] = tempfile.TemporaryDirectory(prefix="rollbook-")
