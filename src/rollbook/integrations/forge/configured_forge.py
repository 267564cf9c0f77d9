"""The forge that the environment of a workflow names, or the address of a registry's remote."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from rollbook.errors import BadCall, Refused
from rollbook.git.address import without_credentials
from rollbook.git.refs import reached_address
from rollbook.integrations.forge.github import GitHub
from rollbook.registry.main_branch import has_remote, remote_name, remote_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from rollbook.git.repository import Repository

_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}")
# How GitHub's merge queue names the branch on which it tries a pull request.
_QUEUE = re.compile(r"(?:refs/heads/)?gh-readonly-queue/.+/pr-([1-9][0-9]{0,9})-[0-9a-f]{40}")
_ON_A_HOST = re.compile(r"(?:https://|ssh://)?(?:[^@/]*@)?([A-Za-z0-9.-]+)(?::[0-9]+)?[:/](.+?)(?:\.git)?/?")
_NUMBER = re.compile(r"[1-9][0-9]{0,9}")


def github() -> GitHub:
    """Return the repository that `GITHUB_REPOSITORY` names, asked with `GITHUB_TOKEN` at `GITHUB_API_URL`.

    Raises BadCall when one of the first two is missing, or is no such thing.
    """
    repository, token = os.environ.get("GITHUB_REPOSITORY", ""), os.environ.get("GITHUB_TOKEN", "")
    if not _REPOSITORY.fullmatch(repository):
        raise BadCall("GITHUB_REPOSITORY does not name a repository", hint="Set it to OWNER/NAME.")
    if not _is_token(token):
        raise BadCall("GITHUB_TOKEN holds no token", hint="In a workflow: GITHUB_TOKEN: ${{ github.token }}")
    return GitHub(repository, token, _api())


def forge_of(repository: Repository) -> GitHub:
    """Return the repository on GitHub that the registry's remote is, asked with `GH_TOKEN` or `GITHUB_TOKEN`.

    The token goes to github.com, or to the server that `GITHUB_SERVER_URL` names, and nowhere else. Raises
    BadCall when the remote is elsewhere, and without a token.
    """
    remote = remote_name(repository)
    address = remote_url(repository) or ""
    server = urlsplit(_server()).hostname
    # What is written may be short for it (`gh:acme/models`), or what is reached a mirror of it.
    found = (_on_server(server, one) for one in (address, reached_address(repository, remote)))
    place = next(filter(None, found), None)
    if place is None:
        shown = without_credentials(address) or "no address"
        raise BadCall(
            f"the remote {remote!r} is no repository on {server}: {shown}",
            hint="Push the branch with --push, and open the pull request where the remote is.",
        )
    token = os.environ.get("GH_TOKEN") or os.environ.get("GITHUB_TOKEN") or ""
    if not _is_token(token):
        raise BadCall(
            "there is no token to open a pull request with",
            hint='Set GH_TOKEN, e.g. GH_TOKEN="$(gh auth token)", or push with --push and open it by hand.',
        )
    return GitHub(place, token, _api())


def file_address(repository: Repository, commit: str) -> Callable[[str], str | None]:
    """Return a function that tells where GitHub shows a file of a commit, by its path: None where the
    registry's remote is elsewhere. Nothing is asked."""
    try:
        address = remote_url(repository) or ""
    except Refused:
        address = ""
    place = _on_server(urlsplit(_server()).hostname, address)
    base = f"{_server().rstrip('/')}/{place}/blob/{commit}/"
    is_shown = place is not None and base.startswith(("https://", "http://"))
    return lambda path: base + quote(path) if is_shown else None


def _server() -> str:
    return os.environ.get("GITHUB_SERVER_URL") or "https://github.com"


def _on_server(server: str | None, address: str) -> str | None:
    """Return the repository (`owner/name`) that an address names on a server; None where it names none
    there.
    """
    found = _ON_A_HOST.fullmatch(address)
    if found is None or found[1].lower() != server or not _REPOSITORY.fullmatch(found[2]):
        return None
    return found[2]


def forge_at_hand(repository: Repository) -> GitHub | None:
    """Return what `forge_of` does; None where there is no such forge or no token."""
    if not has_remote(repository):
        return None
    try:
        return forge_of(repository)
    except BadCall:
        return None


def _api() -> str:
    return os.environ.get("GITHUB_API_URL") or "https://api.github.com"


def _is_token(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable()


def pull_request_number(text: str) -> int:
    """Return the number that `text` gives: itself, or inside the name of a merge queue's branch. Raises
    BadCall."""
    queued = _QUEUE.fullmatch(text)
    number = queued[1] if queued else text
    if not _NUMBER.fullmatch(number):
        raise BadCall(f"{text[:80]!r} is no number of a pull request")
    return int(number)
