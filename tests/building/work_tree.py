"""A repository with a working tree, written and committed with real git; nothing is checked."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from building.texts import registry_files
from building.world import git

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def write(root: Path, files: Mapping[str, str | bytes]) -> None:
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())


def commit(root: Path, message: str = "Change", date: str = "") -> str:
    """Stage and commit everything, at `date` (as git reads it) when given; return the commit's id."""
    git(root, "add", "--all", ".")
    dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date} if date else {}
    subprocess.run(
        ["git", "commit", "--quiet", "--allow-empty", "-m", message],
        cwd=root,
        env={**os.environ, **dates},
        check=True,
        capture_output=True,
    )
    return git(root, "rev-parse", "HEAD")


def new_repository(root: Path, files: Mapping[str, str | bytes] | None = None) -> Path:
    """A repository at `root` with one commit of `files`, by default those of a small registry."""
    root.mkdir(parents=True, exist_ok=True)
    git(root, "init", "--quiet")
    write(root, registry_files() if files is None else files)
    commit(root, "Start")
    return root
