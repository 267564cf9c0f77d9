"""That a whole trail was verified, remembered in the git directory; safe to delete at any time.

Only that nothing at all was found is remembered, under everything that it follows from: a commit of main,
every tag's name and object, who may sign and what is revoked. It is believed where main leads through that
commit and those tags stand; what came since is judged (`trail_growth`), and when anything else has moved, all
is verified anew. What a tag's object says is read each time, and has to be what its id stands for. A
signature that the user's own keyring judges follows from more than that: nothing is remembered of a trail
with one. Who can write there can also replace git's own configuration, and so is trusted.
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
from rollbook.signing.sshsig import ARMOUR
from rollbook.trail.standing_tags import MAX_TAG

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rollbook.git.repository import Repository
    from rollbook.trail.standing_tags import StandingTags


@dataclass(frozen=True, slots=True)
class VerifiedTrail:
    """A trail that was verified: up to which commit of main, with which tags (`digest_of_tags`), how many
    events it has, who signed how many of its tags, how many bear no signature, and its last tag with the id
    of its object."""

    tip: str
    tags: str
    events: int
    signed: Mapping[str, int]
    unsigned: int
    tag: str
    object: str


def digest_of_tags(tags: Mapping[str, str]) -> str:
    """Return a digest of what each tag points at, by its name."""
    told = "".join(f"{oid} {name}\n" for name, oid in sorted(tags.items()))
    return hashlib.sha256(told.encode(errors="surrogateescape")).hexdigest()


def _ground(repository: Repository, allowed_signers: bytes | None) -> str:
    """Return a digest of what the outcome of verifying follows from besides main and the tags: Rollbook, what
    is revoked, and a list of who may sign, where one is given instead of main's own."""
    digest = hashlib.sha256()
    for part in (
        __version__.encode(),
        _revoked(path_setting(repository, "gpg.ssh.revocationFile")),
        b"main's own" if allowed_signers is None else b"given" + allowed_signers,
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


def verified_before(repository: Repository, allowed_signers: bytes | None) -> VerifiedTrail | None:
    """Return the trail that was verified last on the same ground; None without."""
    body = VERIFIED_TRAIL.read(repository)
    if body is None:
        return None
    try:
        document = json.loads(body)
        ground, trail = document.pop("ground"), VerifiedTrail(**document)
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        return None  # whoever wrote it, it was not this Rollbook
    is_known = ground == _ground(repository, allowed_signers) and _is_of_its_form(trail)
    return trail if is_known else None


def _is_of_its_form(trail: VerifiedTrail) -> bool:
    texts = (trail.tip, trail.tags, trail.tag, trail.object)
    signed = trail.signed.values() if isinstance(trail.signed, dict) else (None,)
    counts = (trail.events, trail.unsigned, *signed)
    return all(isinstance(text, str) for text in texts) and all(isinstance(count, int) for count in counts)


def remember_verified(
    repository: Repository, trail: VerifiedTrail, judged: StandingTags, allowed_signers: bytes | None
) -> None:
    """Remember that a trail was verified, unless a signature of the tags that were judged for it was judged
    by more than that follows from."""
    signatures = (tag.signature for tag in judged.tags.values())
    if all(signature == "" or signature.startswith(ARMOUR) for signature in signatures):
        told = {"ground": _ground(repository, allowed_signers), **asdict(trail)}
        VERIFIED_TRAIL.write(repository, json.dumps(told).encode())


def are_whole(repository: Repository, oids: Iterable[str]) -> bool:
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
