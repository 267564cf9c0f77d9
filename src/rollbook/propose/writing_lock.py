"""One write to a registry at a time, among all threads and processes that write by the same clone."""

from __future__ import annotations

import fcntl
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rollbook.git.repository import Repository

# The locks that this thread holds.
_own = threading.local()


@contextmanager
def alone(repository: Repository) -> Iterator[None]:
    """Hold the clone's lock, waiting for whoever has it."""
    with held(repository.common_dir / "rollbook" / "writing.lock"):
        yield


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock at a path, waiting for whoever has it; a thread that has it already goes on."""
    own: set[Path] = _own.__dict__.setdefault("paths", set())
    if path in own:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        own.add(path)
        try:
            yield
        finally:
            own.discard(path)
