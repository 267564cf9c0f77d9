"""Judging tags that a push creates: what the audit trail would record, by whoever may record it, and no more.

What is taken here is what `audit verify` finds nothing wrong with: both ask the same functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.access.recorders import recorder_fault
from rollbook.access.roles import ADMIN, Person, roles_of
from rollbook.errors import InvalidFile, RollbookError
from rollbook.git.objects import read_tag_object
from rollbook.records.policy import parse_policy
from rollbook.signing.signature import judge
from rollbook.signing.ssh_keygen import ssh_verified
from rollbook.signing.verdict import Judgement, Signed
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.text import printable
from rollbook.trail.agreement import require_more, require_trail
from rollbook.trail.reconcile import tag_fault
from rollbook.trail.standing_tags import is_of_trail, standing_tag
from rollbook.trail.tag import is_trail_name, read_tag, recorded_trail

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rollbook.git.commits import Commit
    from rollbook.git.repository import Repository
    from rollbook.records.policy import Policy
    from rollbook.trail.event import Event
    from rollbook.trail.standing_tags import StandingTag


def tag_faults(
    repository: Repository, created: Mapping[str, str], tip: str | None, base: str | None
) -> Iterator[tuple[str, str]]:
    """Yield the names of tags that may not be created (`created`: objects by name), each with the reason.

    `tip` is where main stands once the push has passed, `base` where it stood before: who may record is told
    by that one, so that nobody gets the right with the same push.
    """
    of_trail = {}
    for name, oid in created.items():
        if is_trail_name(name):
            of_trail[name] = oid
        elif is_of_trail(read_tag_object(repository, oid) or b""):
            yield name, "it bears the trailers of the audit trail, under a name that is none of the trail's"
    if of_trail and tip is None:
        yield next(iter(of_trail)), "the audit trail records what is on main, and there is no main"
    elif of_trail and tip is not None:
        yield from _trail_faults(repository, of_trail, tip, base or tip)


def may_mend(repository: Repository, base: str, commit: Commit) -> bool:
    """Return whether whoever made a commit may have tags removed: an admin of the policy as it stood on main,
    proved by the commit's SSH signature where main has a list of keys."""
    policy, allowed = _rules(repository, base)
    if policy is None or not policy.roles:
        return policy is not None
    if ADMIN not in roles_of(Person(email=commit.author_email), policy.roles):
        return False
    return not allowed.strip() or ssh_verified(
        commit.payload,
        commit.signature,
        principal=commit.author_email,
        allowed_signers=allowed,
        namespace="git",
    )


def _trail_faults(
    repository: Repository, created: Mapping[str, str], tip: str, base: str
) -> Iterator[tuple[str, str]]:
    policy, allowed = _rules(repository, base)
    if policy is None:
        yield next(iter(created)), f"who may record can't be told: {layout.POLICY} on main can't be read"
        return
    _, allowed_now = _rules(repository, tip)
    name = next(iter(created))
    try:
        new = {name: read_tag(repository, name, oid) for name, oid in created.items()}
        trail = recorded_trail(repository)
        # What main calls for since what is recorded already: one push may bring the tags of several landings.
        agreed = require_trail(repository, tip, trail, is_published=True)
        require_more(repository, tip, agreed, trail.with_tags(new.values()))
    except RollbookError as error:
        yield name, printable(str(error))
        return
    events = {event.tag: event for event in agreed.events}
    is_signed = any(tag.signed for name, tag in trail.tags.items() if name not in agreed.strays)
    for name, oid in created.items():
        event, data = events.get(name), read_tag_object(repository, oid) or b""
        tag = standing_tag(name, oid, data)
        if event is None or tag is None:
            yield name, "it records what main does not hold"
            continue
        fault = (
            tag_fault(event, name, data)
            or _signature_fault(repository, tag, event, allowed_now, is_signed=is_signed)
            or recorder_fault(policy.roles, allowed, tag, attests=_attests(event, tag))
        )
        if fault:
            yield name, fault


def _rules(repository: Repository, commit: str) -> tuple[Policy | None, bytes]:
    """Return a commit's policy, None where it can't be read, and its list of keys."""
    snapshot = commit_snapshot(repository, commit)
    try:
        data, allowed = snapshot.read_many([layout.POLICY, layout.ALLOWED_SIGNERS])
    finally:
        snapshot.close()
    try:
        return parse_policy(data or b"", layout.POLICY), allowed or b""
    except InvalidFile:
        return None, allowed or b""


def _attests(event: Event, tag: StandingTag) -> bool:
    """Whether a tag says something that only its recorder vouches for."""
    approved = [line for line in tag.message.split("\n") if line.startswith("Approved-By: ")]
    return len(approved) > len(event.approved_by) or bool(tag.trailer("Pull-Request"))


def _signature_fault(
    repository: Repository, tag: StandingTag, event: Event, allowed: bytes, *, is_signed: bool
) -> str:
    if not tag.signature:
        return "it is not signed, and tags of the trail before it are" if is_signed else ""
    roots = (allowed,) if allowed.strip() else ()
    (verdict,) = judge(repository, [Signed(tag.oid, tag.payload, tag.signature, event.recorded_at, roots)])
    if verdict.judgement is Judgement.GOOD or (verdict.judgement is Judgement.UNKNOWN and not roots):
        return ""
    return f"its signature does not count: {verdict.why}"
