"""Working trees: which there are, what stands in them, and bringing one to another commit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.errors import Refused
from rollbook.git.process import fields, git, line_of, try_git

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rollbook.git.repository import Repository

_WORKTREE = "worktree "


def checkouts_of(repository: Repository, branch: str) -> list[Path]:
    """Return the top directories of the working trees, linked ones too, in which a branch is checked out."""
    found = []
    path = ""
    # A working tree is some fields, its path first, and an empty one.
    starts = True
    for field in fields(git(repository, "worktree", "list", "--porcelain", "-z")):
        if starts:
            path = field.removeprefix(_WORKTREE)
        elif field == f"branch refs/heads/{branch}":
            found.append(Path(path))
        starts = not field
    # A linked working tree whose folder was deleted is still listed.
    return [path for path in found if (path / ".git").exists()]


def require_room(checkout: Path, commit: str) -> None:
    """Raise Refused when a working tree has changes that bringing it to a commit would overwrite."""
    try_git(checkout, "update-index", "-q", "--refresh")
    old = git(checkout, "rev-parse", "--verify", "HEAD").decode().removesuffix("\n")
    done = try_git(checkout, "read-tree", "-m", "-u", "--dry-run", old, commit)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise Refused(
            f"local changes in {checkout} would be overwritten: {said}", hint="Commit or stash them first."
        )


def switch(checkout: Path, old: str, new: str) -> None:
    """Bring a working tree's files and index from a commit to another. Raises GitFailed."""
    git(checkout, "read-tree", "-m", "-u", old, new)


def known_files(repository: Repository, directory: str) -> Iterable[str]:
    """Return the paths below a directory (empty: all) that git tracks or would add, whether they are there or
    not."""
    inside = f"{directory}/" if directory else "."
    listed = git(repository, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", inside)
    return dict.fromkeys(path.rstrip("/") for path in fields(listed))


def is_tracked(repository: Repository, path: str) -> bool:
    """Whether a file stands in the index."""
    return bool(line_of(repository, "ls-files", "-z", "--", path))


def is_dirty(repository: Repository) -> bool:
    """Whether a tracked file, in the index or in the working tree, isn't as HEAD has it."""
    staged = try_git(
        repository, "diff-index", "--cached", "--quiet", "--ignore-submodules=none", "HEAD", "--"
    )
    return staged.returncode != 0 or bool(git(repository, "ls-files", "-z", "--modified", "--deleted"))
