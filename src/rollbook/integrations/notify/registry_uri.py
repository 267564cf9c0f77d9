"""A URI for the registry itself, by which a receiver tells registries apart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from rollbook.git.main_history import first_commit
from rollbook.git.repository import remote_url

if TYPE_CHECKING:
    from rollbook.git.repository import Repository

# How git writes an address of ssh in short: user@host:path.
_SHORT = re.compile(r"(?:[\w.-]+@)?([\w.-]+):(?!//)(.+)")


def registry_uri(repository: Repository, tip: str) -> str:
    """The remote's URL without user, password and query; without a remote that others can reach, a URN of the
    commit that the registry's history begins with."""
    url = remote_url(repository) or ""
    short = _SHORT.fullmatch(url)
    if short:
        url = f"ssh://{short[1]}/{short[2].lstrip('/')}"
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        parts, port = urlsplit(""), ""
    if parts.scheme in {"https", "http", "ssh", "git"} and parts.hostname:
        return f"{parts.scheme}://{quote(parts.hostname)}{port}{quote(parts.path)}"
    return f"urn:rollbook:registry:{first_commit(repository, tip)}"
