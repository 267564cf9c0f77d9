"""Another repository that stores in the same DVC remote, with everything that its refs lead to."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.git.address import local_directory
from rollbook.git.process import git
from rollbook.git.repository import discover

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.git.repository import Repository


@contextmanager
def other_repository(address: str) -> Iterator[Repository]:
    """The repository at `address`: a directory as it is, a URL as a copy of all its refs.

    Raises BadCall for an address that git must not be given, GitFailed when it can't be reached.
    """
    directory = local_directory(address)
    if directory is not None:
        yield discover(directory)
        return
    with tempfile.TemporaryDirectory(prefix="rollbook-") as folder:
        git(Path(folder), "clone", "--quiet", "--mirror", "--", address, "other.git")
        yield discover(Path(folder) / "other.git")
