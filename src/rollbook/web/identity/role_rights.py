"""What the roles and grants of a policy are worth to somebody who asks the service.

The policy that counts is main's as it is served now, whatever revision is asked about: who lost a role has
lost it for the past too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.access.roles import (
    ADMIN,
    APPROVER,
    AUTOMATION,
    DATA_SCIENTIST,
    DEVELOPER,
    GRANTABLE,
    RECORDER,
    VIEWER,
    roles_of,
)
from rollbook.web.identity.caller import ALL_MODELS, READING, Caller, Right

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rollbook.access.roles import Person
    from rollbook.records.policy import Policy

EVERY_RIGHT = frozenset(Right)
# What each role may, whatever the stage. Files are held against the roles once more by the check of a write.
RIGHTS: Mapping[str, frozenset[Right]] = {
    ADMIN: EVERY_RIGHT,
    APPROVER: READING | {Right.PROPOSE, Right.APPROVE, Right.LAND},
    DATA_SCIENTIST: READING | {Right.PROPOSE},
    AUTOMATION: READING | {Right.PROPOSE},  # evidence of monitoring, and the moves that it bears out
    RECORDER: frozenset([Right.CATALOG, Right.READ]),  # what its tags attest; no bytes, no change of a file
    DEVELOPER: frozenset(),
    VIEWER: frozenset([Right.CATALOG]),
}
# What each role may with versions in production alone.
_IN_PRODUCTION = {DEVELOPER: READING}


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom a credential vouches for, and how far it goes: rights that are not among `scopes`, and models that
    none of `models` means, are out of reach whoever it is (None: nothing is). `without_roles` are the rights
    where a policy names no roles."""

    person: Person
    credential: str
    name: str = ""
    scopes: frozenset[Right] | None = None
    models: tuple[str, ...] | None = None
    without_roles: frozenset[Right] = EVERY_RIGHT


def caller_under(policy: Policy, vouched: Vouched, anonymous: frozenset[Right]) -> Caller:
    """Return the caller that somebody is under a policy: what `anonymous` may, what their roles and grants
    let them, and of all that no more than what they bring reaches."""
    person, roles = vouched.person, tuple(roles_of(vouched.person, policy.roles))
    everywhere = _of(roles, RIGHTS) if policy.roles else vouched.without_roles
    rights_on: dict[str, frozenset[Right]] = {}
    in_production = {ALL_MODELS: _of(roles, _IN_PRODUCTION)}
    for grant in policy.grants:
        given = roles_of(person, {role: grant.roles.get(role, ()) for role in GRANTABLE})
        rights_on[grant.pattern] = rights_on.get(grant.pattern, frozenset()) | _of(given, RIGHTS)
        in_production[grant.pattern] = _of(given, _IN_PRODUCTION) | in_production.get(
            grant.pattern, frozenset()
        )
    scopes = EVERY_RIGHT if vouched.scopes is None else vouched.scopes
    return Caller(
        person,
        (everywhere | anonymous) & scopes,
        {pattern: rights & scopes for pattern, rights in rights_on.items() if rights & scopes},
        {pattern: rights & scopes for pattern, rights in in_production.items() if rights & scopes},
        within=vouched.models,
        name=vouched.name,
        credential=vouched.credential,
        roles=roles,
    )


def with_implied(scopes: Iterable[Right]) -> frozenset[Right]:
    """Return scopes with what they make no sense without: all but `catalog` take reading."""
    asked = frozenset(scopes)
    return asked | {Right.CATALOG} | ({Right.READ} if asked - {Right.CATALOG} else set())


def _of(roles: Iterable[str], rights: Mapping[str, frozenset[Right]]) -> frozenset[Right]:
    return frozenset().union(*(rights.get(role, frozenset()) for role in roles))
