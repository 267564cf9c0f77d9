"""Code lineage: from which commit of which repository a model was trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rollbook.errors import BadCall
from rollbook.git.address import without_credentials
from rollbook.git.checkout import is_dirty
from rollbook.git.repository import commit_or_none, current_branch, discover
from rollbook.registry.main_branch import remote_url

if TYPE_CHECKING:
    from rollbook.git.repository import Repository


def code_lineage(directory: Path) -> dict[str, Any]:
    """Return the manifest's `lineage.code` for the repository around `directory`: repository, commit, branch,
    dirty.

    `dirty` says that tracked files differed from the commit. Raises BadCall when `directory` is in no
    repository, in a bare one, or in one without a commit.
    """
    code = discover(directory)
    commit = commit_or_none(code, "HEAD")
    if commit is None:
        raise BadCall(f"{directory} has no commit that could go on record", hint="Commit the code first.")
    if code.work_tree is None:
        raise BadCall(f"{directory} is a bare repository", hint="Name the working copy with --code DIR.")
    facts: dict[str, Any] = {
        "repository": repository_address(code),
        "commit": commit,
        "branch": current_branch(code),
        "dirty": is_dirty(code),
    }
    return {name: value for name, value in facts.items() if value is not None}


def current_code(registry: Repository) -> Path | None:
    """Return the current directory, when it stands in the working tree of a git repository that has a commit
    and is not the registry: whoever keeps both in one names it."""
    try:
        code = discover(Path())
    except BadCall:
        return None
    is_own = code.common_dir == registry.common_dir
    return None if is_own or not code.work_tree or commit_or_none(code, "HEAD") is None else Path()


def repository_address(repository: Repository) -> str:
    """Return the remote's URL without credentials; the directory's name where there is no remote."""
    url = remote_url(repository)
    if url is None or url.startswith("file:") or not (urlsplit(url).scheme or ":" in url):
        return Path(url or repository.directory).name
    return without_credentials(url)
