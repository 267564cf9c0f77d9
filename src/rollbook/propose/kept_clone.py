"""Clones of registries elsewhere that are kept in the user's folder of caches, one for each address."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rollbook.errors import BadCall, Refused, StorageFailed
from rollbook.git.clone import whole_clone
from rollbook.git.repository import discover
from rollbook.propose.direct_landing import fetched_main
from rollbook.propose.publication import follow_main
from rollbook.propose.writing_lock import alone, held
from rollbook.registry.main_branch import main_branch, read_main

if TYPE_CHECKING:
    from rollbook.git.repository import Repository

# How old what is read may be, in seconds.
_OLDEST = 5.0
_fetched: dict[Path, float] = {}
_fetching = threading.Lock()


def kept_clone(url: str) -> Repository:
    """Return the clone of the registry at an address, which is made unless it is kept already.

    Raises BadCall for an address that holds a password, GitFailed when it can't be reached.
    """
    folder = _folder(url)
    if not folder.is_dir():
        _keep(url, folder)
    return discover(folder)


def fresh_clone(url: str) -> Repository:
    """Return what `kept_clone` does, brought to where its registry stands. Raises as it does, and as
    `refresh`."""
    repository = kept_clone(url)
    refresh(repository, is_new=True)
    return repository


def refresh(repository: Repository, *, is_new: bool = False) -> None:
    """Bring a kept clone to where its registry stands, unless that was done some seconds ago; any other
    clone, `is_new` apart, stays as it is. Raises GitFailed when the registry can't be reached."""
    place = repository.common_dir
    if not is_new and place not in _fetched:
        return
    with _fetching:
        if time.monotonic() - _fetched.get(place, -_OLDEST) < _OLDEST:
            return
        with alone(repository):
            follow_main(repository, main_branch(repository), fetched_main(repository))
        _fetched[place] = time.monotonic()


def follow_remote(repository: Repository) -> bool:
    """Bring a kept clone to where its registry stands now, also where main was rewritten there: nothing is
    only here. Return whether main was rewritten. Raises GitFailed when the registry can't be reached."""
    with alone(repository):
        try:
            follow_main(repository, main_branch(repository), fetched_main(repository))
        except Refused:
            main = read_main(repository)
            if main.tracked is None or main.tracked == main.local:
                raise
            follow_main(repository, main.name, main.tracked)
            return True
    return False


def _folder(url: str) -> Path:
    """Return where the clone of a registry is kept
    (https://specifications.freedesktop.org/basedir-spec/latest/)."""
    if urlsplit(url).password is not None:
        raise BadCall(
            f"the address of the registry on {urlsplit(url).hostname} holds a password",
            hint="Take it out: git asks its credential helper (git help credentials).",
        )
    told = os.environ.get("XDG_CACHE_HOME", "")
    caches = Path(told) if Path(told).is_absolute() else Path.home() / ".cache"
    name = hashlib.sha256(url.encode()).hexdigest()[:32]
    return caches / "rollbook" / "registries" / name


def _keep(url: str, folder: Path) -> None:
    """Clone a registry to a folder, which appears whole or not at all; whoever comes second finds it."""
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageFailed(
            f"{folder.parent} can't be made: {error.strerror}", hint="Set XDG_CACHE_HOME to another folder."
        ) from error
    with held(folder.parent / f"{folder.name}.lock"):
        if folder.is_dir():
            return
        scratch = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
        try:
            whole_clone(url, scratch / "clone")
            (scratch / "clone").rename(folder)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
