"""Publishing an index on a branch of the registry's remote, from which a forge's pages can be served.

The branch holds one commit, the index of now: what was before is in main's history.
"""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rollbook.errors import BadCall, Refused
from rollbook.git.process import clean_environment, git
from rollbook.git.refs import NO_OBJECT, RefUpdate, push, remote_branch
from rollbook.git.repository import main_branch, remote_name
from rollbook.git.write import identity
from rollbook.transfer.static_index.index_layout import ROOT
from rollbook.transfer.static_index.writer import Exported, export

if TYPE_CHECKING:
    from pathlib import Path

    from rollbook.git.repository import Repository
    from rollbook.registry.registry import Registry

# Without it GitHub's pages leave some files out and take long.
_AS_IT_IS = ".nojekyll"


@dataclass(frozen=True, slots=True)
class Published:
    """What came of an export, and the commit that the branch holds now; whether it is a new one."""

    exported: Exported
    commit: str
    is_new: bool


def publish(registry: Registry, directory: Path, branch: str) -> Published:
    """Export the index to `directory`, from what the remote's branch holds where that is empty, and push it.

    Raises as `export` does, BadCall for a name that no branch has, Refused for main and for a branch that
    holds something else, Conflict when the branch moves meanwhile.
    """
    repository, remote = registry.repository, remote_name(registry.repository)
    if repository.try_text("check-ref-format", "--branch", branch) != branch:
        raise BadCall(f"{branch[:120]!r} is no name of a branch", hint="Name one such as rollbook-index.")
    if branch == main_branch(repository):
        raise Refused(f"{branch} is the registry itself", hint="Name a branch for the index alone.")
    old = remote_branch(repository, remote, branch)
    if old is not None:
        _require_index(repository, old, branch)
        _unpack(repository, old, directory)
    done = export(registry, directory)
    (directory / _AS_IT_IS).touch()
    tree = _tree(repository, directory)
    if old is not None and repository.try_text("rev-parse", f"{old}^{{tree}}") == tree:
        return Published(done, old, is_new=False)
    new = _commit(repository, tree, f"Index of {done.commit}")
    push(repository, remote, [RefUpdate(f"refs/heads/{branch}", new, old or NO_OBJECT)])
    return Published(done, new, is_new=True)


def _commit(repository: Repository, tree: str, message: str) -> str:
    """A commit without parents, by whoever commits: in a job, git knows of no author."""
    who = identity(repository)
    environment = clean_environment(GIT_AUTHOR_NAME=who.name, GIT_AUTHOR_EMAIL=who.email)
    made = git(repository.directory, "commit-tree", "-m", message, tree, environment=environment)
    return made.decode().strip()


def _require_index(repository: Repository, found: str, branch: str) -> None:
    if repository.try_text("cat-file", "-e", f"{found}:{ROOT}") is None:
        raise Refused(
            f"the branch {branch} holds something else than an index", hint="Name a branch of its own."
        )


def _unpack(repository: Repository, found: str, directory: Path) -> None:
    """Put the files of a commit into a folder that is empty or not there yet."""
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        return
    packed = repository.git("-c", "core.autocrlf=false", "archive", "--format=tar", found)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(directory, filter="data")


def _tree(repository: Repository, directory: Path) -> str:
    """The tree of all files in a folder, made without the repository's own index and ignored files."""
    with TemporaryDirectory(prefix="rollbook-") as place:
        environment = clean_environment(
            GIT_DIR=str(repository.git_dir),
            GIT_WORK_TREE=str(directory.absolute()),
            GIT_INDEX_FILE=f"{place}/index",
        )
        plain = ("-c", "core.autocrlf=false", "-c", "core.fileMode=false", "-c", "core.attributesFile=")
        git(directory, *plain, "add", "--all", "--force", ".", environment=environment)
        return git(directory, "write-tree", environment=environment).decode().strip()
