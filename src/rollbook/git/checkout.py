"""Working trees: which there are, what stands in them, and bringing one to another commit."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rollbook.errors import Conflict, Refused
from rollbook.git.checkout_patch import applies, apply, checkout_patch
from rollbook.git.process import RAW, fields, git, git_failed, line_of, start_git, try_git, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rollbook.git.repository import Repository

_WORKTREE = "worktree "
_BRANCH = "branch refs/heads/"
# All that git can know a file by, whatever the user's configuration lets it pass over.
_STRICT = (
    "-c", "core.trustctime=true", "-c", "core.checkStat=default", "-c", "core.fileMode=true",
    "-c", "core.symlinks=true",
)  # fmt: skip
_NOT_LOOKED_AT = re.compile(rb"(?:\A|\0)[^H]")
_LOCKED = "index.lock': File exists"


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


def require_room(repository: Repository, checkout: Path, old: str, new: str) -> None:
    """Raise Refused when a working tree has changes that bringing it from a commit to another would
    overwrite, Conflict while another git holds its index."""
    patch = checkout_patch(repository, old, new)
    if patch is not None and applies(checkout, patch):
        return
    refreshed = try_git(checkout, "update-index", "-q", "--refresh")
    # With 1 something is changed; of another git's lock it says nothing, which the next command does.
    if refreshed.returncode > 1 and words(refreshed.stderr):
        raise git_failed(["update-index"], refreshed.stderr)
    standing = git(checkout, "rev-parse", "--verify", "HEAD").decode().removesuffix("\n")
    done = try_git(checkout, "read-tree", "-m", "-u", "--dry-run", standing, new)
    if done.returncode:
        stderr = words(done.stderr)
        if _LOCKED in stderr:
            raise _locked(checkout)
        raise Refused(
            f"local changes in {checkout} would be overwritten: {stderr}", hint="Commit or stash them first."
        )


def _locked(checkout: Path) -> Conflict:
    return Conflict(
        f"another git is at work in {checkout}",
        hint="Try again when it is done. If a killed one left index.lock there, remove that file.",
    )


def switch(repository: Repository, checkout: Path, old: str, new: str) -> None:
    """Bring a working tree's files and index from a commit to another, for which there is room. Raises
    Conflict while another git holds its index, GitFailed, with the files as they were; a full disk, or a
    filter that fails, may stop git half-way."""
    patch = checkout_patch(repository, old, new)
    if patch is not None and apply(checkout, patch):
        return
    done = try_git(checkout, "read-tree", "-m", "-u", old, new)
    if done.returncode:
        if _LOCKED in words(done.stderr):
            raise _locked(checkout)
        listed = ("diff-tree", "-r", "-z", "--name-only", "--no-renames")
        new_files = fields(try_git(checkout, *listed, "--diff-filter=A", old, new).stdout)
        if new_files:
            try_git(checkout, "clean", "--quiet", "--force", "-x", "--", *new_files)
        others = try_git(checkout, *listed, "--diff-filter=a", old, new).stdout
        try_git(checkout, "checkout-index", "--quiet", "--force", "-z", "--stdin", stdin=others)
        raise git_failed(["read-tree"], done.stderr)


def known_files(repository: Repository, directory: str) -> Iterable[str]:
    """Return the paths below a directory (empty: all) that git tracks or would add, whether they are there or
    not."""
    inside = f"{directory}/" if directory else "."
    listed = git(repository, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", inside)
    return dict.fromkeys(path.rstrip("/") for path in fields(listed))


def index_digest(repository: Repository) -> str | None:
    """Return the SHA-256 of the index: of the ids, modes, sizes and times in it, by which git knows files.

    None where there is none, or where it isn't all in one file.
    """
    if any(repository.git_dir.glob("sharedindex.*")):
        return None
    try:
        with (repository.git_dir / "index").open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def is_as_indexed(repository: Repository, directory: str) -> bool:
    """Whether all that git looks at below a directory has the size and the times that the index gives, and
    nothing else is there that git would add."""
    inside = f"{directory}/"
    compare = (*_STRICT, "diff-files", *RAW, "--", inside)
    with start_git(repository, *compare, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as comparing:
        # Beside it: the one looks at files, the other at directories.
        others = try_git(repository, "ls-files", "-z", "--others", "--exclude-standard", "--", inside)
        changed, _ = comparing.communicate()
    return comparing.returncode == others.returncode == 0 and not changed and not others.stdout


def is_looked_at(repository: Repository, directory: str) -> bool:
    """Whether git was told of no file below a directory to take it for unchanged, or for left out, without a
    look, and none is in conflict."""
    return _NOT_LOOKED_AT.search(git(repository, "ls-files", "-v", "-z", "--", f"{directory}/")) is None


def is_tracked(repository: Repository, path: str) -> bool:
    """Whether a file stands in the index."""
    return bool(line_of(repository, "ls-files", "-z", "--", path))


def is_dirty(repository: Repository) -> bool:
    """Whether a tracked file, in the index or in the working tree, isn't as HEAD has it."""
    staged = try_git(
        repository, "diff-index", "--cached", "--quiet", "--ignore-submodules=none", "HEAD", "--"
    )
    return staged.returncode != 0 or bool(git(repository, "ls-files", "-z", "--modified", "--deleted"))
