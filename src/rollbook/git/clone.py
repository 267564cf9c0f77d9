"""Opening a repository by its address: a path directly, a URL through a small temporary clone."""

from __future__ import annotations

import re
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from rollbook.errors import BadCall
from rollbook.git.process import git
from rollbook.git.repository import Repository, discover

if TYPE_CHECKING:
    from collections.abc import Iterator


# `ext::sh -c ...`: git would run a program that the address names.
_TRANSPORT_PROGRAM = re.compile(r"[A-Za-z0-9+.-]*::")

# Where the repository that was cloned stands on this machine; empty when it stands on another.
_CLONED_FROM = "rollbook.clonedFrom"


@contextmanager
def opened(address: str, *, whole_history: bool = False) -> Iterator[Repository]:
    """The repository at `address`, a path or a URL that git knows.

    A URL is cloned bare, without file contents (they come when they are read), and only its newest commit
    unless `whole_history`. Raises BadCall for an address git must not be given, GitFailed when it can't be
    reached.
    """
    if not address or address.startswith("-") or _TRANSPORT_PROGRAM.match(address):
        raise BadCall(f"{address[:120]!r} is no address of a repository", hint="Give a path or a URL.")
    if Path(address).is_dir():
        yield discover(Path(address))
        return
    extent = [] if whole_history else ["--no-tags", "--depth=1"]
    with tempfile.TemporaryDirectory(prefix="rollbook-") as directory:
        target = Path(directory) / "clone.git"
        git(
            Path(directory), "clone", "--quiet", "--bare", "--filter=blob:none", *extent,
            "-c", f"{_CLONED_FROM}={_local_path(address)}", "--",
            address, str(target),
        )  # fmt: skip
        yield discover(target)


def home(repository: Repository) -> Path:
    """Where relative addresses in a bare repository's files start from: itself, or what it is a clone of."""
    return Path(repository.config(_CLONED_FROM) or repository.git_dir)


def _local_path(address: str) -> str:
    path = address.removeprefix("file://")
    return unquote(path) if path != address and path.startswith("/") else ""
