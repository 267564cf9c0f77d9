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


def code_lineage(directory: Path, *, registry: Repository) -> dict[str, Any] | None:
    """Return the manifest's `lineage.code` for the repository around `directory`: repository, commit, branch,
    dirty.

    None when that is the registry's own repository, or has no commit yet. `dirty` says that tracked files
    differed from the commit. Raises BadCall when `directory` is in no repository.
    """
    code = discover(directory)
    if code.common_dir == registry.common_dir:
        return None
    commit = commit_or_none(code, "HEAD")
    if commit is None:
        return None
    if code.work_tree is None:
        raise BadCall(f"{directory} is a bare repository", hint="Name the working copy with --code DIR.")
    found: dict[str, Any] = {
        "repository": repository_address(code),
        "commit": commit,
        "branch": current_branch(code),
        "dirty": is_dirty(code),
    }
    return {name: value for name, value in found.items() if value is not None}


def current_code() -> Path | None:
    """Return the current directory, when it stands in the working tree of a git repository."""
    try:
        return Path() if discover(Path()).work_tree else None
    except BadCall:
        return None


def repository_address(repository: Repository) -> str:
    """Return the remote's URL without credentials; the directory's name where there is no remote."""
    url = remote_url(repository)
    if url is None or url.startswith("file:") or not (urlsplit(url).scheme or ":" in url):
        return Path(url or repository.directory).name
    return without_credentials(url)
