"""Clones that lack a part of their history."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollbook.git.repository import Repository


def is_shallow(repository: Repository) -> bool:
    """Whether the clone lacks a part of its history."""
    # As git tells it: by this file (https://git-scm.com/docs/gitrepository-layout); GIT_SHALLOW_FILE, which
    # could name another one, is kept from git here.
    return (repository.common_dir / "shallow").exists()
