"""Where main stands, for a process that asks again and again: told anew only when it may have moved.

`main_commit` starts git several times. What it follows from are git's configuration and a few refs, which
stand in files: while those are as they were, so is the answer.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollbook.git.config import configuration_files, reread, settings
from rollbook.git.ref_marks import files_mark, refs_mark
from rollbook.registry.main_branch import ahead_commit, read_main

if TYPE_CHECKING:
    from pathlib import Path

    from rollbook.git.ref_marks import Mark
    from rollbook.git.repository import Repository

# After so many seconds it is told anew in any case: no file here shows which branch a remote calls its head.
_LONGEST = 60.0
_MOST_REPOSITORIES = 64
_FORMATS = frozenset(["", "files", "reftable"])


@dataclass(slots=True)
class _Kept:
    """What was told of one repository, what it follows from, and until when it counts (monotonic time)."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    commit: str = ""
    mark: Mark = ()
    until: float = 0.0
    refs: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    files_mark: Mark = ()
    may_keep: bool = False


_repositories: dict[Repository, _Kept] = {}
_lock = threading.Lock()


def kept_main_commit(repository: Repository) -> str:
    """Return what `main_commit` does; where nothing has moved since it was asked last, without asking git.
    Raises Refused as it does."""
    with _lock:
        if len(_repositories) >= _MOST_REPOSITORIES and repository not in _repositories:
            _repositories.clear()
        kept = _repositories.setdefault(repository, _Kept())
    with kept.lock:
        before = (*files_mark(kept.files), *refs_mark(repository, kept.refs))
        if kept.commit and before == kept.mark and time.monotonic() < kept.until:
            return kept.commit
        return _told_anew(repository, kept, before)


def main_at_once(repository: Repository) -> str | None:
    """Return what `kept_main_commit` does where nothing has moved since; None where git, or another thread
    that asks it, would have to be waited for."""
    kept = _repositories.get(repository)
    if kept is None or not kept.lock.acquire(blocking=False):
        return None
    try:
        if not kept.commit or time.monotonic() >= kept.until:
            return None
        mark = (*files_mark(kept.files), *refs_mark(repository, kept.refs))
        return kept.commit if mark == kept.mark else None
    finally:
        kept.lock.release()


def _told_anew(repository: Repository, kept: _Kept, before: Mark) -> str:
    kept.commit = ""
    mark = files_mark(kept.files)
    if not kept.files or mark != kept.files_mark:
        reread(repository)
        kept.files = (*configuration_files(repository),)
        kept.files_mark = files_mark(kept.files)
        kept.may_keep = _shown_by_files(repository)
    main = read_main(repository)
    commit = ahead_commit(repository, main)
    # The marks were taken before main was told, so what moved meanwhile is seen by who asks next.
    if kept.may_keep and (main.asked, *mark) == (kept.refs, *kept.files_mark):
        kept.commit, kept.mark, kept.until = commit, before, time.monotonic() + _LONGEST
    kept.refs = main.asked
    return commit


def _shown_by_files(repository: Repository) -> bool:
    """Whether refs are kept in files of a format that is known here."""
    told = settings(repository, r"^extensions\.refstorage$").get("extensions.refstorage", "")
    return told.lower() in _FORMATS and not os.environ.get("GIT_REFERENCE_BACKEND")
