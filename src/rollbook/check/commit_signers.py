"""Whose a commit is, as far as its signature proves it: by the keys that the base lists.

A signature proves an author whose address has the key: in `registry/allowed_signers` (SSH), or as
`ADDRESS=openpgp:FINGERPRINT` in the policy's roles. A key that the roles list on its own proves nobody but
itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.access.roles import OPENPGP_KEY, MemberName, Person, all_members, member_name, roles_anywhere
from rollbook.errors import CannotTell, Refused
from rollbook.git.config import openpgp_program
from rollbook.signing.openpgp import openpgp_signer
from rollbook.signing.ssh_keygen import ssh_verified
from rollbook.signing.sshsig import (
    allowing,
    fingerprint,
    is_signature_of,
    public_key,
    signing_key,
    unarmoured,
)
from rollbook.text import printable

if TYPE_CHECKING:
    from rollbook.git.commits import Commit
    from rollbook.git.repository import Repository
    from rollbook.records.policy import Policy

_NAMESPACE = "git"
_SSH, _OPENPGP = "-----BEGIN SSH SIGNATURE-----\n", "-----BEGIN PGP SIGNATURE-----\n"
_SOMEBODY_ELSE = "names {} as its author, who did not sign it"


@dataclass(frozen=True, slots=True)
class Proof:
    """Who made a commit, by what its signature proves; and what is wrong with that, empty when nothing is."""

    person: Person
    fault: str = ""


class ListedKeys:
    """The keys that the base lists: in its policy, and in its allowed signers (None without that file)."""

    def __init__(self, repository: Repository, policy: Policy, allowed_signers: bytes | None) -> None:
        self._repository = repository
        self._policy = policy
        self._allowed_signers = allowed_signers
        members = map(member_name, all_members(policy))
        self._members = [member for member in members if member.key]
        self._known: set[tuple[bytes | None, str, bytes]] = set()

    def proof(self, commit: Commit) -> Proof:
        """Return who made a commit. An author is taken at their word where the commit is unsigned and the
        policy lets it be, and where the base lists no keys at all. Raises Refused when the program that
        judges can't be started."""
        author = Person(email=commit.author_email)
        required = self._policy.require_signed
        if not commit.signature_headers:
            return Proof(author, "is not signed, as the policy demands" if required else "")
        if self._allowed_signers is None and not self._members and not required:
            return Proof(author)
        if commit.signature_headers > 1:
            return Proof(author, "has two signatures, neither of which covers all of it")
        if commit.signature.startswith(_SSH):
            return self._by_ssh(author, commit)
        if commit.signature.startswith(_OPENPGP) and any(_is_openpgp(member) for member in self._members):
            return self._by_openpgp(author, commit)
        return Proof(
            author, f"has a signature that proves nothing of {_name(author)}, whom it names as its author"
        )

    def _by_ssh(self, author: Person, commit: Commit) -> Proof:
        key = signing_key(commit.signature)
        if key is not None:
            if author.email.isprintable() and self._is_signed(commit, author.email, self._allowed_signers):
                return Proof(Person(author.email, key=fingerprint(key)))
            alone = fingerprint(key)
            if MemberName("", alone) in self._members and self._is_signed(
                commit, alone, allowing(key, alone)
            ):
                return self._alone(author, alone)
        return Proof(author, _SOMEBODY_ELSE.format(_name(author)))

    def _is_signed(self, commit: Commit, principal: str, allowed_signers: bytes | None) -> bool:
        """Whether a principal signed a commit. That a key may sign as that, ssh-keygen says once;
        that it signed a further commit is checked in this process, and ssh-keygen asked where it did not."""
        if not principal or not allowed_signers:
            return False
        blob = unarmoured(f"{commit.signature}\n") or b""
        question = (public_key(blob), principal, allowed_signers)
        if question in self._known and is_signature_of(blob, commit.payload, _NAMESPACE):
            return True
        said = ssh_verified(
            commit.payload,
            commit.signature,
            principal=principal,
            allowed_signers=allowed_signers,
            namespace=_NAMESPACE,
        )
        if said and question[0] is not None:
            self._known.add(question)
        return said

    def _by_openpgp(self, author: Person, commit: Commit) -> Proof:
        try:
            key = openpgp_signer(openpgp_program(self._repository), commit.signature + "\n", commit.payload)
        except CannotTell as error:
            raise Refused(str(error), hint=error.hint) from error
        if key is not None:
            names = [member.name for member in self._members if member.key == key]
            if any(author.is_member(name) for name in names if name):
                return Proof(Person(author.email, key=key))
            if "" in names:
                return self._alone(author, key)
        return Proof(author, _SOMEBODY_ELSE.format(_name(author)))

    def _alone(self, author: Person, key: str) -> Proof:
        """Return what a key proves that the roles list on its own: that its holder made the commit, and no
        more.
        """
        named = roles_anywhere(author, self._policy)
        return Proof(Person(key=key), _SOMEBODY_ELSE.format(_name(author)) if named else "")


def _is_openpgp(member: MemberName) -> bool:
    return member.key.startswith(OPENPGP_KEY)


def _name(author: Person) -> str:
    return printable(author.email) or "nobody"
