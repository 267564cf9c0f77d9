"""A folder that is written to by one program at a time."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rollbook.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def locked_folder(path: Path, purpose: str) -> Iterator[None]:
    """Lock the folder at `path`, which is made where it is missing, once nobody else holds it. `purpose` says
    what it is for, such as `the index`. Raises Refused for a file."""
    if path.exists() and not path.is_dir():
        raise Refused(f"{path} is no folder", hint=f"Name a folder for {purpose}.")
    path.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
