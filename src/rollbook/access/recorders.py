"""Who may record: create the tags of the audit trail on a server that judges pushes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.access.roles import ADMIN, RECORDER, Person, roles_of
from rollbook.signing.ssh_keygen import ssh_verified
from rollbook.signing.sshsig import fingerprint, is_signature_of, public_key, unarmoured

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rollbook.trail.standing_tags import StandingTag

_NAMESPACE = "git"


def may_record(roles: Mapping[str, Iterable[str]], person: Person) -> bool:
    """Return whether a policy's `roles` let somebody create the trail's tags: anybody where it names no
    recorder, else recorders and admins."""
    return not roles.get(RECORDER) or not {ADMIN, RECORDER}.isdisjoint(roles_of(person, roles))


def recorder_fault(
    roles: Mapping[str, Iterable[str]], allowed_signers: bytes, tag: StandingTag, *, attests: bool
) -> str:
    """Return why this tag's maker may not create it; empty when they may.

    Who pushes, git does not tell a hook. So the tag's own signature counts, by a key that the policy names or
    that main's list gives the tagger; where main has no list, the tagger is taken at their word, as authors
    of commits are. A tag that `attests` nothing is free where the policy names no recorder.
    """
    if not roles or (not attests and not roles.get(RECORDER)):
        return ""
    email = tag.tagger.rpartition("<")[2].removesuffix(">")
    key = _signing_key(tag)
    is_proven = not allowed_signers.strip() or (
        bool(key)
        and ssh_verified(
            tag.payload,
            tag.signature,
            principal=email,
            allowed_signers=allowed_signers,
            namespace=_NAMESPACE,
        )
    )
    person = Person(email=email if is_proven else "", key=key)
    if not {ADMIN, RECORDER}.isdisjoint(roles_of(person, roles)):
        return ""
    what = "what only a recorder can vouch for stands in it" if attests else "the policy names who records"
    who = f"{email} did not sign it" if not is_proven else f"{email} is no recorder"
    return f"{what}, and {who}"


def _signing_key(tag: StandingTag) -> str:
    """Return the fingerprint of the SSH key that signed a tag; empty when none did."""
    blob = unarmoured(tag.signature) if tag.signature else None
    key = public_key(blob) if blob else None
    if blob is None or key is None or not is_signature_of(blob, tag.payload, _NAMESPACE):
        return ""
    return fingerprint(key)
