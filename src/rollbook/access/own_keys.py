"""Who git and its keys say the user is, without any network and without a program but git."""

from __future__ import annotations

import base64
import binascii
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.access.roles import OPENPGP_KEY, Person
from rollbook.errors import BadCall
from rollbook.git.config import setting
from rollbook.git.write import acting, author_identity, identity
from rollbook.signing.sshsig import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.git.repository import Repository

_LONGEST = 1 << 16  # bytes of a public key's file
_LITERAL = re.compile(r"(?:key::)?((?:ssh|ecdsa|sk)-[A-Za-z0-9@.-]+)[ \t]+([A-Za-z0-9+/=]+)")
_OPENPGP_FINGERPRINT = re.compile(r"(?:0x)?([0-9A-Fa-f]{40})!?")


def own_person(repository: Repository) -> Person:
    """Return whom the user's commits name: their author's address, and the key that git signs with; only the
    address of somebody for whom it is done.

    Raises BadCall when git does not know who commits.
    """
    if person := acting():
        return Person(email=person.email)
    try:
        email = author_identity(repository).email
    except BadCall:
        email = identity(repository).email  # who Rollbook's commits then name
    return Person(email=email, key=own_key(repository))


def own_key(repository: Repository) -> str:
    """Return the fingerprint of the key that `user.signingKey` names, as a policy writes it; empty where it
    names none, or it can't be told from what git's configuration says."""
    stated = setting(repository, "user.signingKey") or ""
    if setting(repository, "gpg.format") == "ssh":
        key = ssh_public_key(repository, stated)
        return fingerprint(key) if key else ""
    match = _OPENPGP_FINGERPRINT.fullmatch(stated)
    return f"{OPENPGP_KEY}{match[1].upper()}" if match else ""


def own_login(repository: Repository) -> str:
    """Return the user's login on the forge as it is stated: by `github.user` in git's configuration, or by
    a job of GitHub's; empty where neither says it. Nobody is asked."""
    return setting(repository, "github.user") or os.environ.get("GITHUB_ACTOR", "")


def ssh_public_key(repository: Repository, stated: str) -> bytes | None:
    """Return the public key that `user.signingKey` states for SSH: itself, or in the file that it names."""
    if not stated:
        return None
    return next(filter(None, map(_public_key, _lines(repository, stated))), None)


def listed_principals(allowed_signers: bytes, key: bytes) -> Iterator[str]:
    """Yield to whom an allowed-signers file gives a public key, as it writes them. Whether that holds at a
    time, or for what it is used, only ssh-keygen judges."""
    encoded = base64.b64encode(key)
    for line in allowed_signers.split(b"\n"):
        words = line.split()
        if len(words) > 2 and not words[0].startswith(b"#") and encoded in words[1:]:
            yield words[0].strip(b'"').decode(errors="replace")


def _lines(repository: Repository, stated: str) -> Iterator[str]:
    if _LITERAL.match(stated):
        yield stated
        return
    path = repository.directory / Path(stated).expanduser()
    for file in (path.with_name(f"{path.name}.pub"), path):
        try:
            if file.is_file() and file.stat().st_size <= _LONGEST:
                yield file.read_text(encoding="ascii", errors="replace").partition("\n")[0]
        except (OSError, ValueError):
            continue  # git itself says what is wrong with it, once it has to sign


def _public_key(line: str) -> bytes | None:
    match = _LITERAL.match(line)
    if match is None:
        return None
    try:
        return base64.b64decode(match[2], validate=True)
    except (binascii.Error, ValueError):
        return None
