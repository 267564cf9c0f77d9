"""Addresses of repositories and hosts: which may be used, and how much of one may be printed."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from urllib.parse import urlsplit

from rollbook.errors import BadCall, GitFailed

_CREDENTIALS = re.compile(r"(?<=://)[^/\s]+@")
# `ext::sh -c ...`: git would run a program that the address names.
_TRANSPORT_PROGRAM = re.compile(r"[A-Za-z0-9+.-]*::")


def local_directory(address: str) -> Path | None:
    """Return the directory that an address is the path of; None for a URL.

    Raises BadCall for an address that git must not be given, GitFailed for a path where nothing is.
    """
    if not address or address.startswith("-") or _TRANSPORT_PROGRAM.match(address):
        raise BadCall(f"{address[:120]!r} is no address of a repository", hint="Give a path or a URL.")
    path = Path(address)
    if not path.exists() and ":" not in address:
        raise GitFailed(f"{address} does not exist")
    return path if path.is_dir() else None


def without_credentials(text: str) -> str:
    """`text` with user names and passwords taken out of the URLs in it."""
    return _CREDENTIALS.sub("", text)


def host_of(url: str) -> str:
    """Return the host of a URL, with its port: all of a URL that may be printed, for the rest may be a
    secret.
    """
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.hostname or '?'}{port}"


def require_safe(url: str) -> None:
    """Raise BadCall unless `url` is https, or http to this machine, and holds no user and password."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise BadCall("a URL can't be read") from error
    if not parts.hostname or not url.isascii() or not url.isprintable() or " " in url:
        raise BadCall("a URL can't be read", hint="It starts with https:// and a host.")
    if parts.username is not None or parts.password is not None:
        raise BadCall(f"the URL of {host_of(url)} holds a user or a password", hint="Take it out.")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise BadCall(
            f"the URL of {host_of(url)} is not https", hint="Only this machine may be spoken to by http."
        )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
