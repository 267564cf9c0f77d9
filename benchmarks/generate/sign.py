"""A trail signed anew, tag by tag, by one SSH key that is made for it.

`ssh-keygen` would take a process a tag; `rollbook audit verify` proves that these are the same signatures.
Format: https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from rollbook.git.objects import read_at_once
from rollbook.git.repository import discover
from rollbook.trail.chain import chain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from rollbook.trail.event import Event

_KIND, _NAMESPACE, _DIGEST = b"ssh-ed25519", b"git", b"sha512"


def signed_tags(source: Path, key: Ed25519PrivateKey) -> Iterator[tuple[Event, str, bytes]]:
    """The trail of the repository `source`, in its order: each event, its signed object's id and bytes."""
    repository = discover(source)
    tags = chain(repository)
    previous = ""
    for tag, data in zip(tags, read_at_once(repository, (tag.oid for tag in tags)), strict=True):
        new = data.replace(tag.previous.encode(), previous.encode()) if tag.previous else data
        new += _signature(new, key)
        previous = hashlib.sha1(b"tag %d\0%b" % (len(new), new), usedforsecurity=False).hexdigest()
        yield tag.event, previous, new


def allowed_signers(key: Ed25519PrivateKey) -> str:
    """The list that allows this key."""
    return f"ci@example.com ssh-ed25519 {base64.b64encode(_public(key)).decode()}\n"


def _public(key: Ed25519PrivateKey) -> bytes:
    return _joined(_KIND, key.public_key().public_bytes_raw())


def _signature(data: bytes, key: Ed25519PrivateKey) -> bytes:
    signed = b"SSHSIG" + _joined(_NAMESPACE, b"", _DIGEST, hashlib.sha512(data).digest())
    made = _joined(_KIND, key.sign(signed))
    blob = b"SSHSIG\0\0\0\x01" + _joined(_public(key), _NAMESPACE, b"", _DIGEST, made)
    text = base64.b64encode(blob)
    lines = b"\n".join(text[start : start + 70] for start in range(0, len(text), 70))
    return b"-----BEGIN SSH SIGNATURE-----\n" + lines + b"\n-----END SSH SIGNATURE-----\n"


def _joined(*fields: bytes) -> bytes:
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)
