"""Roles: who they are made of, and which files of a repository each may change."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rollbook.layout import DVC_YAML, POLICY, ROOT, Kind, as_meant, place
from rollbook.records.policy import parse_policy
from rollbook.snapshot.tree_snapshot import commit_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rollbook.git.repository import Repository
    from rollbook.records.policy import Policy

ADMIN, APPROVER, DATA_SCIENTIST, RECORDER, DEVELOPER, VIEWER = (
    "admin",
    "approver",
    "data-scientist",
    "recorder",
    "developer",
    "viewer",
)
# Every role, and what it is for.
ROLES = {
    ADMIN: "Changes everything: the policy, access, workflows, schemas, DVC's configuration.",
    APPROVER: "Approves stage changes; changes stages, cards, notes and evidence; removes artifacts.",
    DATA_SCIENTIST: "Registers models and versions, proposes stage changes, adds cards, notes and evidence.",
    RECORDER: "Creates the audit trail's tags on a server that judges pushes; changes no file.",
    DEVELOPER: "Reads and fetches; changes nothing in the registry.",
    VIEWER: "Reads; changes nothing in the registry.",
}
_LEARNT_LATER = frozenset([Kind.STAGES, Kind.CARD, Kind.NOTES, Kind.EVIDENCE, Kind.ATTACHMENT])
_MAY_CHANGE = {
    # A pointer goes with its artifact. One that comes alone, or changes, is refused whoever does it.
    APPROVER: _LEARNT_LATER | {Kind.REMOVAL, Kind.POINTER},
    DATA_SCIENTIST: _LEARNT_LATER
    | {Kind.MODEL, Kind.MANIFEST, Kind.POINTER, Kind.SAMPLE_INPUT, Kind.REQUIREMENTS, Kind.IMPORT},
}
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


def roles_at(repository: Repository, commit: str) -> Mapping[str, Iterable[str]]:
    """Return the roles that the policy of a commit names; none without a policy.

    Raises InvalidFile for a policy that can't be read.
    """
    snapshot = commit_snapshot(repository, commit)
    try:
        (data,) = snapshot.read_many([POLICY])
    finally:
        snapshot.close()
    return parse_policy(data, POLICY).roles if data is not None else {}


def is_governed(path: str, policy: Policy) -> bool:
    """Return whether a path belongs to the registry or to what its rules rest on, on any file system."""
    path = as_meant(path)
    if path == DVC_YAML:
        return policy.dvc_artifacts
    return path.startswith((f"{ROOT}/", *PROTECTED))


def may_change(held: Iterable[str], path: str, policy: Policy) -> bool:
    """Return whether somebody who holds these roles may change the file at `path`."""
    path = as_meant(path)
    if not is_governed(path, policy):
        return True
    if path == DVC_YAML:  # who registers writes the model's entry
        return not {ADMIN, DATA_SCIENTIST}.isdisjoint(held)
    kind = place(path).kind
    return any(role == ADMIN or kind in _MAY_CHANGE.get(role, frozenset()) for role in held)


def needed_for(path: str, policy: Policy) -> list[str]:
    """Return the roles that may change the file at `path`."""
    return [role for role in ROLES if may_change([role], path, policy)]
