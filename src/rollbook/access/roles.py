"""Roles: who they are made of, and which files of a repository each may change."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rollbook.layout import DVC_YAML, POLICY, ROOT, Kind, as_meant, place
from rollbook.names import meets_pattern
from rollbook.records.evidence import MONITORING
from rollbook.records.policy import parse_policy
from rollbook.snapshot.tree_snapshot import commit_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rollbook.git.repository import Repository
    from rollbook.records.policy import Policy, Stage

ADMIN, APPROVER, DATA_SCIENTIST, RECORDER, AUTOMATION, DEVELOPER, VIEWER = (
    "admin",
    "approver",
    "data-scientist",
    "recorder",
    "automation",
    "developer",
    "viewer",
)
# Every role, and what it is for.
ROLES = {
    ADMIN: "Changes everything: the policy, access, workflows, schemas, DVC's configuration.",
    APPROVER: "Approves stage changes; changes stages, cards, notes and evidence; removes artifacts.",
    DATA_SCIENTIST: "Registers models and versions, proposes stage changes, adds cards, notes and evidence.",
    RECORDER: "Creates the audit trail's tags on a server that judges pushes; changes no file.",
    AUTOMATION: "Adds evidence of monitoring; changes stages by what such evidence and the policy bear out.",
    DEVELOPER: "Reads and fetches; changes nothing in the registry.",
    VIEWER: "Reads; changes nothing in the registry.",
}
_LEARNT_LATER = frozenset(
    [Kind.STAGES, Kind.CARD, Kind.NOTES, Kind.EVIDENCE, Kind.ATTACHMENT, Kind.MODEL_SIGNATURE]
)
_OF_EVIDENCE = frozenset([Kind.EVIDENCE, Kind.ATTACHMENT])
_MAY_CHANGE = {
    # A pointer goes with its artifact. One that comes alone, or changes, is refused whoever does it.
    APPROVER: _LEARNT_LATER | {Kind.REMOVAL, Kind.POINTER},
    DATA_SCIENTIST: _LEARNT_LATER
    | {
        Kind.MODEL,
        Kind.MANIFEST,
        Kind.POINTER,
        Kind.SAMPLE_INPUT,
        Kind.REQUIREMENTS,
        Kind.IMPORT,
        Kind.PROVENANCE,
    },
}
# The roles that may be given for some models alone; the others are about the registry as a whole.
GRANTABLE = (APPROVER, DATA_SCIENTIST, AUTOMATION, DEVELOPER, VIEWER)
# The roles of people who decide: whose word counts as an approval, or sets a freeze aside.
DECIDING = tuple(role for role in ROLES if role != AUTOMATION)
# How the fingerprints of keys begin.
SSH_KEY, OPENPGP_KEY = "SHA256:", "openpgp:"
# Outside of registry/, what the rules themselves rest on.
PROTECTED = (".dvc/", ".github/", "schemas/")


@dataclass(frozen=True, slots=True)
class Person:
    """Who did something, as far as it is known: an email address, a login on the forge with its teams
    (`org/team`), the fingerprint of a signing key (`SHA256:...`, `openpgp:...`)."""

    email: str = ""
    login: str = ""
    teams: tuple[str, ...] = ()
    key: str = ""

    def __str__(self) -> str:
        return self.email or (f"@{self.login}" if self.login else self.key)

    def is_member(self, member: str) -> bool:
        """Return whether a policy's `member` means this person; see `MemberName`."""
        name, key = member_name(member)
        if not name:
            return bool(self.key) and key == self.key
        if name.startswith("@"):
            return _folded(name[1:]) in {_folded(handle) for handle in (self.login, *self.teams) if handle}
        return bool(self.email) and _folded(name) == _folded(self.email)


class MemberName(NamedTuple):
    """What a policy's member says: an address, `@login` or `@org/team`; the fingerprint of a key,
    `SHA256:...` (SSH) or `openpgp:...`. Either may be empty; a key without an address stands for nobody but
    itself."""

    name: str
    key: str


def member_name(member: str) -> MemberName:
    """Return what a policy's `member` says: `ADDRESS`, `@LOGIN`, `KEY`, or `ADDRESS=openpgp:FINGERPRINT`."""
    if member.startswith(SSH_KEY):
        return MemberName("", member)
    name, separator, fingerprint = member.rpartition(OPENPGP_KEY)
    if not separator or (name and not name.endswith("=")):
        return MemberName(member, "")
    return MemberName(name.removesuffix("="), OPENPGP_KEY + fingerprint.upper())


def alike(name: str) -> str:
    """Return what an address has in common with all that somebody may take for it: to tell who is *not* to
    count, where `Person.is_member` tells who is."""
    return unicodedata.normalize("NFKC", name).casefold()


def _folded(name: str) -> str:
    """Return a name without regard to case. Other letters than ASCII's stay: folding makes two of them one of
    it.
    """
    return name.lower() if name.isascii() else name


def roles_of(person: Person, roles: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the roles that a policy's `roles` give a person."""
    return [role for role, members in roles.items() if any(person.is_member(member) for member in members)]


def roles_for(person: Person, policy: Policy, model: str | None) -> list[str]:
    """Return the roles that a policy gives a person for a model; for what belongs to none, with None."""
    held = roles_of(person, policy.roles)
    for grant in policy.grants if model is not None else ():
        if meets_pattern(model or "", grant.pattern):
            given = {role: members for role, members in grant.roles.items() if role in GRANTABLE}
            held += [role for role in roles_of(person, given) if role not in held]
    return held


def roles_anywhere(person: Person, policy: Policy) -> list[str]:
    """Return the roles that a policy gives a person, for all models or for some."""
    granted = (role for grant in policy.grants for role in roles_of(person, grant.roles))
    return list(dict.fromkeys([*roles_of(person, policy.roles), *granted]))


def all_members(policy: Policy) -> Iterator[str]:
    """Yield the members of all roles, for all models or for some."""
    for roles in (policy.roles, *(grant.roles for grant in policy.grants)):
        for members in roles.values():
            yield from members


def may_move(held: Iterable[str], stage: Stage) -> bool:
    """Return whether somebody who holds these roles may move versions into a stage and out of it, as far as
    the policy keeps it for roles."""
    return stage.by is None or not set(keepers(stage)).isdisjoint(held)


def keepers(stage: Stage) -> list[str]:
    """Return the roles that may move versions into a stage and out of it, where the policy keeps it for
    some."""
    return list(dict.fromkeys([*(stage.by or ()), ADMIN]))


def roles_at(repository: Repository, commit: str) -> Mapping[str, Iterable[str]]:
    """Return the roles that the policy of a commit names for all models; none without a policy.

    Raises InvalidFile for a policy that can't be read.
    """
    policy = policy_at(repository, commit)
    return policy.roles if policy is not None else {}


def policy_at(repository: Repository, commit: str) -> Policy | None:
    """Return the policy of a commit; None without one. Raises InvalidFile for one that can't be read."""
    snapshot = commit_snapshot(repository, commit)
    try:
        (data,) = snapshot.read_many([POLICY])
    finally:
        snapshot.close()
    return parse_policy(data, POLICY) if data is not None else None


def is_governed(path: str, policy: Policy) -> bool:
    """Return whether a path belongs to the registry or to what its rules rest on, on any file system."""
    path = as_meant(path)
    if path == DVC_YAML:
        return policy.dvc_artifacts
    return path.startswith((f"{ROOT}/", *PROTECTED))


def may_change(held: Iterable[str], path: str, policy: Policy) -> bool:
    """Return whether somebody who holds these roles, for the model that it belongs to, may change the file
    at `path`, whatever the change is. (Automation may change some of a stages.yaml besides.)"""
    path = as_meant(path)
    if not is_governed(path, policy):
        return True
    if path == DVC_YAML:  # who registers writes the model's entry
        return not {ADMIN, DATA_SCIENTIST}.isdisjoint(held)
    kind = place(path).kind
    if kind in _OF_EVIDENCE and AUTOMATION in held and _evidence_name(path).startswith(f"{MONITORING}-"):
        return True
    return any(role == ADMIN or kind in _MAY_CHANGE.get(role, frozenset()) for role in held)


def _evidence_name(path: str) -> str:
    """Return what stands below a version's folder of evidence at a path."""
    return path.rpartition("/evidence/")[2]


def needed_for(path: str, policy: Policy) -> list[str]:
    """Return the roles that may change the file at `path`."""
    return [role for role in ROLES if may_change([role], path, policy)]
