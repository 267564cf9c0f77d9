"""Code lineage: from which commit of which repository a model was trained."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rollbook.errors import BadCall
from rollbook.git.address import without_credentials
from rollbook.git.checkout import is_dirty
from rollbook.git.repository import commit_or_none, current_branch, discover
from rollbook.registry.main_branch import remote_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.git.repository import Repository

_ROLE = re.compile(r"[a-z][a-z0-9_-]{0,63}")


def told_code(told: str | Path | Sequence[str | Path] | None) -> list[tuple[str, Path]]:
    """Return the directories of code that are told, each with its role: `ROLE=DIR`, or a directory alone,
    which has none (`./a=b` where it is called so). Raises BadCall for a role that comes twice.
    """
    each = ([told] if told else []) if isinstance(told, str | Path) else list(told or ())
    read = []
    for one in each:
        role, equals, directory = str(one).partition("=")
        is_role = equals and isinstance(one, str) and _ROLE.fullmatch(role)
        if is_role and not directory:
            raise BadCall(f"--code {str(one)[:80]!r} names no directory", hint="Write --code ROLE=DIR.")
        read.append((role, Path(directory)) if is_role else ("", Path(one)))
    roles = [role for role, _ in read]
    for role in roles:
        if roles.count(role) > 1:
            twice = f"the role {role!r} is given to two" if role else "two have no role"
            raise BadCall(f"--code: {twice}", hint="Tell them apart: --code . --code features=../features")
    return read


def code_lineage(directory: Path, role: str = "") -> dict[str, Any]:
    """Return the manifest's `lineage.code` for the repository around `directory`: repository, commit, branch,
    dirty, and its role, where it has one.

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
        "role": role or None,
    }
    return {name: value for name, value in facts.items() if value is not None}


def current_code(registry: Repository) -> list[tuple[str, Path]]:
    """Return the current directory, when it stands in the working tree of a git repository that has a commit
    and is not the registry: whoever keeps both in one names it."""
    try:
        code = discover(Path())
    except BadCall:
        return []
    is_own = code.common_dir == registry.common_dir
    none = is_own or not code.work_tree or commit_or_none(code, "HEAD") is None
    return [] if none else [("", Path())]


def repository_address(repository: Repository) -> str:
    """Return the remote's URL without credentials; the directory's name where there is no remote."""
    url = remote_url(repository)
    if url is None or url.startswith("file:") or not (urlsplit(url).scheme or ":" in url):
        return Path(url or repository.directory).name
    return without_credentials(url)
