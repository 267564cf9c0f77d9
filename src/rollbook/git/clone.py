"""Opening a repository by its address: a path directly, a URL through a small temporary clone."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.errors import BadCall
from rollbook.git.process import git
from rollbook.git.repository import Repository, discover

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def opened(address: str, *, whole_history: bool = False) -> Iterator[Repository]:
    """The repository at `address`, a path or a URL that git knows.

    A URL is cloned bare, without file contents (they come when they are read), and only its newest commit
    unless `whole_history`. Raises BadCall for an address git must not be given, GitFailed when it can't be
    reached.
    """
    if address.startswith("-") or "::" in address:
        raise BadCall(f"{address[:120]!r} is no address of a repository", hint="Give a path or a URL.")
    if Path(address).is_dir():
        yield discover(Path(address))
        return
    depth = [] if whole_history else ["--depth=1"]
    with tempfile.TemporaryDirectory(prefix="rollbook-") as directory:
        target = Path(directory) / "clone.git"
        git(
            Path(directory), "clone", "--quiet", "--bare", "--filter=blob:none", "--no-tags", *depth, "--",
            address, str(target),
        )  # fmt: skip
        yield discover(target)
