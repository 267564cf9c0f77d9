"""That a whole trail was verified, remembered in the git directory; safe to delete at any time.

Only the best outcome is remembered, under everything that it follows from: main's commits, every tag's name
and object, who may sign and what is revoked. When any of that has moved, all is verified anew. What a tag's
object says is read each time, and has to be what its id stands for. A signature that the user's own keyring
judges follows from more than that: nothing is remembered of a trail with one. Who can write there can also
replace git's own configuration, and so is trusted.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook import __version__
from rollbook.cache.memory import VERIFIED_TRAIL
from rollbook.git.config import path_setting
from rollbook.git.objects import ObjectReader
from rollbook.git.refs import tag_ids
from rollbook.signing.sshsig import ARMOUR
from rollbook.trail.standing_tags import MAX_TAG

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rollbook.git.main_history import Landed
    from rollbook.git.repository import Repository
    from rollbook.trail.standing_tags import StandingTags


@dataclass(frozen=True, slots=True)
class VerifiedTrail:
    """How many events a trail that was verified has, who signed how many of its tags, how many bear no
    signature, and its last tag with the id of its object."""

    events: int
    signed: Mapping[str, int]
    unsigned: int
    tag: str
    object: str


def ground_of(
    repository: Repository, line: Iterable[Landed], tags: Mapping[str, str], allowed_signers: bytes | None
) -> str:
    """Return a digest of what the outcome of verifying follows from: main's first-parent line, what each tag
    points at by its name, and a list of who may sign, where one is given instead of main's own."""
    digest = hashlib.sha256()
    for part in (
        __version__.encode(),
        _revoked(path_setting(repository, "gpg.ssh.revocationFile")),
        b"main's own" if allowed_signers is None else b"given" + allowed_signers,
        "".join(f"{landed.commit} {landed.landed_at}\n" for landed in line).encode(),
        "".join(f"{oid} {name}\n" for name, oid in sorted(tags.items())).encode(errors="surrogateescape"),
    ):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


def _revoked(path: str | None) -> bytes:
    if path is None:
        return b"none"
    try:
        return b"revoked" + Path(path).read_bytes()
    except OSError:  # signatures can't be judged then, which is said when there are any
        return b"unreadable"


def was_verified(
    repository: Repository, line: Iterable[Landed], allowed_signers: bytes | None
) -> VerifiedTrail | None:
    """Return what came of verifying on the ground that main's line, the tags as they stand and who may sign
    are; None where that is not known, or where a tag's object isn't what its id stands for."""
    body = VERIFIED_TRAIL.read(repository)
    if body is None:
        return None
    document, tags = json.loads(body), tag_ids(repository)
    is_known = document.pop("ground", None) == ground_of(repository, line, tags, allowed_signers)
    return VerifiedTrail(**document) if is_known and _are_whole(repository, tags.values()) else None


def remember_verified(repository: Repository, ground: str, tags: StandingTags, found: VerifiedTrail) -> None:
    """Remember that all was verified, unless a signature was judged by more than that follows from."""
    signatures = (tag.signature for tag in tags.tags.values())
    if all(signature == "" or signature.startswith(ARMOUR) for signature in signatures):
        VERIFIED_TRAIL.write(repository, json.dumps({"ground": ground, **asdict(found)}).encode())


def _are_whole(repository: Repository, oids: Iterable[str]) -> bool:
    """Return whether each object is there, and each tag's object says what its id stands for."""
    unique_oids = list(dict.fromkeys(oids))
    reader = ObjectReader(repository)
    try:
        for oid, git_object in zip(unique_oids, reader.read_many(unique_oids, MAX_TAG), strict=True):
            if git_object is None:
                return False
            if git_object.type == "tag":
                data = git_object.data or b""
                if hashlib.sha1(b"tag %d\0" % len(data) + data, usedforsecurity=False).hexdigest() != oid:
                    return False
    finally:
        reader.close()
    return True
