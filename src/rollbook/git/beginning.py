"""A repository that begins: made where there is none, with what was written in it as a commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.errors import BadCall
from rollbook.git.process import git, try_git

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def make_repository(directory: Path) -> None:
    """Make a folder a git repository whose branch is `main`, unless it stands in one. Raises BadCall where it
    can't be made."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadCall(f"{directory} can't be made: {error.strerror}", hint="Name another folder.") from error
    if try_git(directory, "rev-parse", "--git-dir").returncode:
        git(directory, "init", "--quiet", "--initial-branch=main")


def commit_files(work_tree: Path, paths: Sequence[str], message: str) -> None:
    """Commit these files of the working tree, and nothing else that is staged or changed there."""
    if not paths:
        return
    git(work_tree, "add", "--", *paths)
    git(work_tree, "commit", "--quiet", "--only", "-m", message, "--", *paths)
