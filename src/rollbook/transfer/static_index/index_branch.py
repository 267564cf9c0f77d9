"""Publishing an index on a branch of the registry's remote, from which a forge's pages can be served.

The branch holds one commit, the index of now: what was before is in main's history.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.errors import BadCall, Refused
from rollbook.git.commits import tree_of
from rollbook.git.refs import HEADS, NO_OBJECT, RefUpdate, is_branch_name, push, remote_branch
from rollbook.git.trees import holds_file, stored_tree, unpack
from rollbook.git.write import commit
from rollbook.layout import folded
from rollbook.registry.main_branch import main_branch, remote_name
from rollbook.transfer.static_index.index_export import WrittenIndex, export
from rollbook.transfer.static_index.index_layout import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from rollbook.git.repository import Repository
    from rollbook.registry.registry import Registry

# Without it GitHub's pages leave some files out and take long.
_AS_IT_IS = ".nojekyll"


@dataclass(frozen=True, slots=True)
class Published:
    """What came of an export, and the commit that the branch holds now; whether it is a new one."""

    exported: WrittenIndex
    commit: str
    is_new: bool


def publish(registry: Registry, directory: Path, branch: str) -> Published:
    """Export the index to `directory`, from what the remote's branch holds where that is empty, and push it.

    Raises as `export` does, BadCall for a name that no branch has, Refused for main and for a branch that
    holds something else, Conflict when the branch moves meanwhile.
    """
    repository, remote = registry.repository, remote_name(registry.repository)
    if not is_branch_name(repository, branch):
        raise BadCall(f"{branch[:120]!r} is no name of a branch", hint="Name one such as rollbook-index.")
    if folded(branch.removeprefix(HEADS).removeprefix("heads/")) == folded(main_branch(repository)):
        raise Refused(f"{branch} is the registry itself", hint="Name a branch for the index alone.")
    old = remote_branch(repository, remote, branch)
    if old is not None:
        _require_index(repository, old, branch)
        _unpack(repository, old, directory)
    done = export(registry, directory)
    (directory / _AS_IT_IS).touch()
    tree = stored_tree(repository, directory)
    if old is not None and tree_of(repository, old) == tree:
        return Published(done, old, is_new=False)
    new = commit(repository, tree, [], f"Index of {done.commit}\n")
    push(repository, remote, [RefUpdate(f"refs/heads/{branch}", new, old or NO_OBJECT)])
    return Published(done, new, is_new=True)


def _require_index(repository: Repository, found: str, branch: str) -> None:
    if not holds_file(repository, found, ROOT):
        raise Refused(
            f"the branch {branch} holds something else than an index", hint="Name a branch of its own."
        )


def _unpack(repository: Repository, found: str, directory: Path) -> None:
    """Put the files of a commit into a folder that is empty or not there yet."""
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        return
    unpack(repository, found, directory)
