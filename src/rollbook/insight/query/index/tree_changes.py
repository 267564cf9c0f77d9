"""Which files of a registry differ between two trees, as `git diff-tree` tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rollbook.errors import GitFailed
from rollbook.git.process import try_git
from rollbook.layout import ROOT

if TYPE_CHECKING:
    from rollbook.git.repository import Repository

# Every git knows the tree without entries, whether it is stored or not.
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_NONE = "000000"
_SUBMODULE = "160000"
# Whatever the user's configuration says.
_DIFF = ("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-relative", "--ignore-submodules=none")


class FileChange(NamedTuple):
    """A file that differs. `path` is from the repository's root; `oid` is its new content's id, if any.

    `delta` is 1 for a file that came, -1 for one that went, 0 for one that changed.
    """

    path: str
    oid: str | None
    delta: int


def changes(repository: Repository, old: str, new: str) -> list[FileChange]:
    """What becomes of the folder `registry/` from the tree `old` to the tree `new`, both of that folder.

    Raises GitFailed when the repository does not have one of them any more.
    """
    done = try_git(repository.directory, *_DIFF, old, new)
    if done.returncode:
        raise GitFailed(f"the trees {old} and {new} can't be compared", hint="Run `git fsck`.")
    fields = done.stdout.decode(errors="surrogateescape").split("\0")
    return [_change(facts, path) for facts, path in zip(fields[::2], fields[1::2], strict=False)]


def _change(facts: str, path: str) -> FileChange:
    # https://git-scm.com/docs/git-diff-tree#_raw_output_format
    before, mode, _, oid, _ = facts[1:].split(" ")
    there = mode != _NONE
    content = oid if there and mode != _SUBMODULE else None
    return FileChange(f"{ROOT}/{path}", content, there - (before != _NONE))
