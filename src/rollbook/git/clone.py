"""Reaching a repository by its address: a path, or a URL that git knows."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from rollbook.git.address import local_directory
from rollbook.git.config import setting
from rollbook.git.partial import PartialClone
from rollbook.git.process import git
from rollbook.git.repository import discover
from rollbook.git.stranger import strangers_repository

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.git.repository import Repository


# Where the repository that was cloned stands on this machine; empty when it stands on another.
_CLONED_FROM = "rollbook.clonedFrom"


@contextmanager
def local_repository(directory: Path) -> Iterator[Repository]:
    """Open a repository on this machine that somebody has named by its path; see `strangers_repository`."""
    with strangers_repository(directory, _CLONED_FROM) as repository:
        yield repository


@contextmanager
def other_repository(address: str) -> Iterator[Repository]:
    """Open the repository at `address`: a directory as it is, a URL as a copy of all its refs.

    Raises BadCall for an address that git must not be given, GitFailed when it can't be reached.
    """
    directory = local_directory(address)
    if directory is not None:
        yield discover(directory)
        return
    with tempfile.TemporaryDirectory(prefix="rollbook-") as folder:
        git(Path(folder), "clone", "--quiet", "--mirror", "--", address, "other.git")
        yield discover(Path(folder) / "other.git")


def whole_clone(address: str, folder: Path) -> None:
    """Clone the repository on another machine at a URL to a folder that isn't there yet, and check it out.

    Raises BadCall for an address that git must not be given, GitFailed when it can't be reached.
    """
    local_directory(address)
    told = ("-c", f"{_CLONED_FROM}=")
    git(folder.parent, "clone", "--quiet", "--no-recurse-submodules", *told, "--", address, str(folder))


@contextmanager
def partial_clone(address: str) -> Iterator[PartialClone]:
    """Make an empty clone of the repository at a URL, in a temporary directory, that fills as it is asked."""
    with tempfile.TemporaryDirectory(prefix="rollbook-") as directory:
        yield PartialClone(Path(directory) / ".git", address, {_CLONED_FROM: _local_path(address)})


def is_at_address(repository: Repository) -> bool:
    """Whether the repository was opened by its address, so that it may be a stranger's."""
    return setting(repository, _CLONED_FROM) is not None


def home(repository: Repository) -> Path:
    """Where relative addresses in a bare repository's files start from: itself, or what it is a clone of."""
    return Path(setting(repository, _CLONED_FROM) or repository.git_dir)


def is_far(repository: Repository) -> bool:
    """Whether a repository is a clone of one on another machine, beside which no other folder can be read."""
    return setting(repository, _CLONED_FROM) == ""


def _local_path(address: str) -> str:
    path = address.removeprefix("file://")
    return unquote(path) if path != address and path.startswith("/") else ""
