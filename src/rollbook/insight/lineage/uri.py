"""Addresses as they stand in manifests, made into the URIs that standards ask for."""

from __future__ import annotations

import re
from urllib.parse import quote

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_SSH = re.compile(r"(?P<host>[A-Za-z0-9_.-]+@[A-Za-z0-9.-]+):(?P<path>[^/].*)")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_AUTHORITY = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://(?:[^@/?#]*@)?[^@:/?#]*(?::[0-9]*)?(?:[/?#].*)?")


def as_uri(address: str) -> str | None:
    """`address` as a URI of RFC 3986, with what a URI can't hold percent-encoded.

    The short form of SSH addresses (`git@host:team/code.git`) is written in full. None for a plain path or
    name, and for what can't be made into a URI.
    """
    if short := _SSH.fullmatch(address):
        address = f"ssh://{short['host']}/{short['path']}"
    if not _SCHEME.match(address):
        return None
    head, hash_sign, fragment = _STRAY_PERCENT.sub("%25", address).partition("#")
    uri = quote(head, safe=":/?@!$&()*+,;=%~") + hash_sign + quote(fragment, safe=":/?@!$&()*+,;=%~")
    has_authority = uri.partition(":")[2].startswith("//")
    return uri if not has_authority or _AUTHORITY.fullmatch(uri) else None
