"""Bringing a checkout from a commit to another by the few files that differ.

`git read-tree` goes through the whole tree twice; `git apply --index` looks at the files of a patch alone. It
takes all of it or nothing, and only where index and files are what the patch starts from. What it says no to,
for whatever reason, `read-tree` is asked.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rollbook.errors import RollbookError
from rollbook.git.changes import ABSENT, changed_paths
from rollbook.git.config import flag
from rollbook.git.process import try_git

if TYPE_CHECKING:
    from pathlib import Path

    from rollbook.git.changes import PathChange
    from rollbook.git.repository import Repository

_MOST = 200
_PLAIN_MODES = {"100644", "100755", ABSENT}
_UNFINISHED = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")
# `git apply --check` takes no lock, and so would not see another's.
_LOCK = "index.lock"
# A linked checkout can be a sparse one where the repository's others are not.
_SPARSE = "info/sparse-checkout"
# What needs no quotes in a patch, and is no way out of the checkout.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@+=-]*(?:/[A-Za-z0-9_][A-Za-z0-9._@+=-]*)*")
_ADDED = re.compile(r"^Binary files /dev/null and b/(.+) differ$", re.MULTILINE)


def checkout_patch(repository: Repository, old: str, new: str) -> str | None:
    """Return the patch that leads a checkout from a commit to another; None where there is none so plain:
    nothing or very much differs, more than the content of plain files, or checkouts are sparse ones."""
    try:
        if flag(repository, "core.sparseCheckout"):
            return None
        changes = changed_paths(repository, old, new)
    except RollbookError:
        return None
    if not 0 < len(changes) <= _MOST or not all(map(_is_plain, changes)):
        return None
    return "".join(map(_file_patch, changes))


def applies(directory: Path, patch: str) -> bool:
    """Whether index and files of a checkout are what a patch starts from, with room for what it adds, and
    nobody is at work or in the midst of a merge there. Nothing is written."""
    if not _is_at_rest(directory) or not all(_is_free(directory, path) for path in _ADDED.findall(patch)):
        return False
    return try_git(directory, "apply", "--check", "--index", "-", stdin=patch.encode()).returncode == 0


def apply(directory: Path, patch: str) -> bool:
    """Bring index and files of a checkout to what a patch makes of them; return whether git did."""
    return (
        _is_at_rest(directory)
        and try_git(directory, "apply", "--index", "-", stdin=patch.encode()).returncode == 0
    )


def _is_at_rest(directory: Path) -> bool:
    """Whether a checkout holds all files, no git is at work in it, and no merge, rebase or their like waits
    there to be finished."""
    git_dir = directory / ".git"
    if git_dir.is_file():  # a linked checkout, whose file names it
        named = git_dir.read_text(encoding="utf-8", errors="surrogateescape").removeprefix("gitdir: ")
        git_dir = directory / named.removesuffix("\n")
    return not any((git_dir / name).exists() for name in (*_UNFINISHED, _LOCK, _SPARSE))


def _is_free(directory: Path, path: str) -> bool:
    """Whether only folders, or nothing, stand on the way to a file that is to come."""
    folder = directory
    for name in path.split("/")[:-1]:
        folder /= name
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            return False
    return True


def _is_plain(change: PathChange) -> bool:
    modes = {change.old_mode, change.new_mode}
    same = change.old_mode == change.new_mode or ABSENT in modes
    return modes <= _PLAIN_MODES and same and _PLAIN_PATH.fullmatch(change.path) is not None


def _file_patch(change: PathChange) -> str:
    """Return the patch of one file, which names contents by their ids: git has them, as for a binary file
    (https://git-scm.com/docs/diff-format#generate_patch_text_with_p)."""
    path, before, after = change.path, f"a/{change.path}", f"b/{change.path}"
    kind = ""
    if change.old_mode == ABSENT:
        before, kind = "/dev/null", f"new file mode {change.new_mode}\n"
    elif change.new_mode == ABSENT:
        after, kind = "/dev/null", f"deleted file mode {change.old_mode}\n"
    mode = "" if kind else f" {change.new_mode}"
    return (
        f"diff --git a/{path} b/{path}\n{kind}index {change.old_oid}..{change.new_oid}{mode}\n"
        f"Binary files {before} and {after} differ\n"
    )
