"""Where this Rollbook came from: the repository and the commit that a registry's workflows can run it from.

Rollbook is looked up nowhere by its name: whoever owns the name in an index would get the workflows' tokens.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from rollbook.errors import BadCall, RollbookError
from rollbook.git.refs import listed_refs
from rollbook.git.repository import discover, is_ancestor, resolve_commit
from rollbook.registry.main_branch import remote_name, remote_url

_NAME = r"(?P<owner>[A-Za-z0-9][A-Za-z0-9-]*)/(?P<repository>[A-Za-z0-9_.-]+?)"
_PINNED = re.compile(rf"{_NAME}@(?P<commit>[0-9a-f]{{40}})")
_ON_GITHUB = re.compile(
    rf"(?:(?:git\+)?(?:https|ssh)://(?:[^/@\s]+@)?github\.com/|git@github\.com:){_NAME}(?:\.git)?/?"
)


@dataclass(frozen=True, slots=True)
class OwnSource:
    """A repository on GitHub, as OWNER/NAME, and a commit of it."""

    repository: str
    commit: str

    def __str__(self) -> str:
        return f"{self.repository}@{self.commit}"


def parse_source(text: str) -> OwnSource:
    """Return what OWNER/REPO@COMMIT names. Raises BadCall for anything else, also for a branch or a tag."""
    named = _PINNED.fullmatch(text)
    if named is None:
        raise BadCall(
            f"{text[:120]!r} is not OWNER/REPO@COMMIT",
            hint="Give the 40 hexadecimal digits of a commit: a tag or a branch can be moved.",
        )
    return OwnSource(f"{named['owner']}/{named['repository']}", named["commit"])


def installed_source() -> OwnSource | None:
    """Return where this Rollbook was installed from; None where that can't be told for certain.

    It can from an installation by `pip install git+https://github.com/...`, and from an editable one of a
    clone whose commit is on its remote.
    """
    try:
        recorded = distribution("rollbook").read_text("direct_url.json")
        return source_of(json.loads(recorded)) if recorded else None
    except (PackageNotFoundError, json.JSONDecodeError):
        return None


def source_of(direct_url: Any) -> OwnSource | None:
    """Return where a `direct_url.json` (PEP 610) says that Rollbook was installed from, if certain."""
    match direct_url:
        case {"url": str(url), "vcs_info": {"vcs": "git", "commit_id": str(commit)}}:
            return _on_github(url, commit)
        case {"url": str(url), "dir_info": {"editable": True}}:
            return _of_clone(Path(unquote(urlsplit(url).path)))
    return None


def _of_clone(directory: Path) -> OwnSource | None:
    try:
        repository = discover(directory)
        commit = resolve_commit(repository, "HEAD")
        remote = remote_name(repository)
        published = [ref.oid for ref in listed_refs(repository, f"refs/remotes/{remote}/")]
        url = remote_url(repository)
        if url is None or not any(is_ancestor(repository, commit, oid) for oid in published):
            return None
    except RollbookError:
        return None  # not a clone, or one of which nothing can be told
    return _on_github(url, commit)


def _on_github(url: str, commit: str) -> OwnSource | None:
    named = _ON_GITHUB.fullmatch(url)
    if named is None:
        return None
    text = f"{named['owner']}/{named['repository']}@{commit}"
    return OwnSource(*text.split("@")) if _PINNED.fullmatch(text) else None
