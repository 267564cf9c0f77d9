"""Working trees: which there are, what stands in them, and bringing one to another commit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rollbook.errors import Conflict, Refused
from rollbook.git.process import fields, git, line_of, try_git, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rollbook.git.repository import Repository

_WORKTREE = "worktree "
_BRANCH = "branch refs/heads/"


class WorkingTree(NamedTuple):
    """A working tree that git knows: its top directory, the branch checked out in it, and whether git keeps
    what it knows of it though the directory is gone (a disk that is not there, say)."""

    directory: Path
    branch: str | None
    is_locked: bool

    @property
    def exists(self) -> bool:
        return (self.directory / ".git").exists()


def working_trees(repository: Repository) -> list[WorkingTree]:
    """Return the working trees of a repository, linked ones too, also those whose directory is gone."""
    trees = []
    told: list[str] = []
    # A working tree is some fields, its path first, and an empty one.
    for field in fields(git(repository, "worktree", "list", "--porcelain", "-z")):
        if field:
            told.append(field)
            continue
        branch = next((fact.removeprefix(_BRANCH) for fact in told if fact.startswith(_BRANCH)), None)
        if "bare" not in told:
            is_locked = any(fact.split(" ", 1)[0] == "locked" for fact in told[1:])
            trees.append(WorkingTree(Path(told[0].removeprefix(_WORKTREE)), branch, is_locked))
        told = []
    return trees


def checkouts_of(repository: Repository, branch: str) -> list[Path]:
    """Return the top directories of the working trees, linked ones too, in which a branch is checked out."""
    return [tree.directory for tree in working_trees(repository) if tree.branch == branch and tree.exists]


def files_met(directory: Path, patterns: Sequence[str]) -> list[str]:
    """Return the files of a working tree that a pattern (`:(top,glob)...`) meets, whether git tracks, would
    add or ignores them."""
    shape = ("ls-files", "-z", "--cached", "--others", "--")
    return fields(git(directory, *shape, *patterns, variables={"GIT_LITERAL_PATHSPECS": "0"}))


def indexed_blobs(repository: Repository, patterns: Sequence[str]) -> dict[str, set[str]]:
    """Return the id of each content that a file met by a pattern has in the index of any working tree, with
    its paths; all sides of a conflict."""
    blobs: dict[str, set[str]] = {}
    common = repository.common_dir
    for index in (common / "index", *sorted(common.glob("worktrees/*/index"))):
        variables = {"GIT_LITERAL_PATHSPECS": "0", "GIT_INDEX_FILE": str(index)}
        listed = git(repository, "ls-files", "-z", "--stage", "--", *patterns, variables=variables)
        for entry in fields(listed):
            facts, _, path = entry.partition("\t")
            blobs.setdefault(facts.split(" ")[1], set()).add(path)
    return blobs


def require_room(checkout: Path, commit: str) -> None:
    """Raise Refused when a working tree has changes that bringing it to a commit would overwrite, Conflict
    while another git holds its index."""
    try_git(checkout, "update-index", "-q", "--refresh")
    old = git(checkout, "rev-parse", "--verify", "HEAD").decode().removesuffix("\n")
    done = try_git(checkout, "read-tree", "-m", "-u", "--dry-run", old, commit)
    if done.returncode:
        said = words(done.stderr)
        if "index.lock': File exists" in said:
            raise Conflict(
                f"another git is at work in {checkout}",
                hint="Try again when it is done. If a killed one left index.lock there, remove that file.",
            )
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
