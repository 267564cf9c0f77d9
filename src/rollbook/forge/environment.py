"""The forge that the environment of a workflow names."""

from __future__ import annotations

import os
import re

from rollbook.errors import BadCall
from rollbook.forge.github import GitHub

_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}")
# How GitHub's merge queue names the branch on which it tries a pull request.
_QUEUE = re.compile(r"(?:refs/heads/)?gh-readonly-queue/.+/pr-([1-9][0-9]{0,9})-[0-9a-f]{40}")
_NUMBER = re.compile(r"[1-9][0-9]{0,9}")


def github() -> GitHub:
    """The repository that `GITHUB_REPOSITORY` names, asked with `GITHUB_TOKEN` at `GITHUB_API_URL`.

    Raises BadCall when one of the first two is missing, or is no such thing.
    """
    repository, token = os.environ.get("GITHUB_REPOSITORY", ""), os.environ.get("GITHUB_TOKEN", "")
    if not _REPOSITORY.fullmatch(repository):
        raise BadCall("GITHUB_REPOSITORY does not name a repository", hint="Set it to OWNER/NAME.")
    if not token or not token.isascii() or not token.isprintable():
        raise BadCall("GITHUB_TOKEN holds no token", hint="In a workflow: GITHUB_TOKEN: ${{ github.token }}")
    return GitHub(repository, token, os.environ.get("GITHUB_API_URL") or "https://api.github.com")


def pull_request_number(text: str) -> int:
    """The number that `text` gives: itself, or inside the name of a merge queue's branch. Raises BadCall."""
    found = _QUEUE.fullmatch(text)
    number = found[1] if found else text
    if not _NUMBER.fullmatch(number):
        raise BadCall(f"{text[:80]!r} is no number of a pull request")
    return int(number)
