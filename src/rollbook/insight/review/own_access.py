"""One's own access: who git and its keys say the user is, and what main's policy lets them do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.access.own_keys import listed_principals, own_login, own_person, ssh_public_key
from rollbook.access.roles import GRANTABLE, Person, roles_for, roles_of
from rollbook.git.config import flag, setting
from rollbook.git.write import identity
from rollbook.insight.review.allowance import allowed
from rollbook.registry.main_branch import any_main_commit
from rollbook.registry.registry import Registry
from rollbook.snapshot.tree_snapshot import commit_snapshot

if TYPE_CHECKING:
    from rollbook.git.repository import Repository
    from rollbook.insight.review.allowance import Allowed
    from rollbook.records.policy import Policy, Stage


@dataclass(frozen=True, slots=True)
class OwnScope:
    """The roles that somebody has for the models that the pattern `models` means, those for all among them
    (None: for all models), and what they may do with them."""

    models: str | None
    roles: tuple[str, ...]
    may: Allowed


@dataclass(frozen=True, slots=True)
class OwnAccess:
    """Who the user is, and what main's policy lets them do.

    `email` is whom their commits name as author, `approves_as` whom their approvals do; `key` is the
    fingerprint of the key that git signs with, empty where it can't be told; `key_listed` to whom main's
    `allowed_signers` gives it. `signs_commits` says whether git signs each commit. `login` is the one that is
    stated, and nobody was asked about it; `reviews` are the roles that it has on the forge, where reviews
    count. `everybody` says that the policy names no roles, and so everybody may do everything.
    """

    name: str
    email: str
    approves_as: str
    login: str
    key: str
    key_listed: tuple[str, ...]
    signs_commits: bool
    require_signed: bool
    commit: str
    everybody: bool
    scopes: tuple[OwnScope, ...]
    reviews: tuple[OwnScope, ...]
    stages: tuple[Stage, ...]

    @property
    def is_key_listed(self) -> bool:
        """Whether main's `allowed_signers` gives the key to the address that commits name."""
        return any(self.email.lower() in names.lower().split(",") for names in self.key_listed)

    @property
    def has_role(self) -> bool:
        """Whether the policy gives any role to what the user's commits name."""
        return any(scope.roles for scope in self.scopes)

    def as_document(self) -> dict[str, Any]:
        """Return it all as JSON data."""
        return {
            "name": self.name,
            "email": self.email,
            "approves_as": self.approves_as,
            "login": self.login or None,
            "key": self.key or None,
            "key_listed": self.is_key_listed,
            "signs_commits": self.signs_commits,
            "require_signed": self.require_signed,
            "commit": self.commit,
            "everybody": self.everybody,
            "access": [asdict(scope) for scope in self.scopes],
            "reviews": [asdict(scope) for scope in self.reviews],
        }


def own_access(repository: Repository) -> OwnAccess:
    """Return who the user is, and what main's policy lets them do. Nobody is asked over a network.

    Raises BadCall when git does not know who commits, NotFound where there is no main or no policy on it,
    InvalidFile for a policy that can't be read.
    """
    committer = identity(repository)
    person = own_person(repository)
    login = own_login(repository)
    commit = any_main_commit(repository)
    with Registry(repository, commit_snapshot(repository, commit)) as registry:
        policy = registry.policy
        (signers,) = registry.snapshot.read_many([layout.ALLOWED_SIGNERS])
    public = ssh_public_key(repository, setting(repository, "user.signingKey") or "") if person.key else None
    return OwnAccess(
        name=committer.name,
        email=person.email,
        approves_as=committer.email,
        login=login,
        key=person.key,
        key_listed=tuple(listed_principals(signers or b"", public)) if public else (),
        signs_commits=flag(repository, "commit.gpgSign") is True,
        require_signed=policy.require_signed,
        commit=commit,
        everybody=not policy.roles,
        scopes=_scopes(person, policy),
        reviews=tuple(scope for scope in _scopes(Person(login=login), policy) if scope.roles),
        stages=policy.stages,
    )


def _scopes(person: Person, policy: Policy) -> tuple[OwnScope, ...]:
    """Return what somebody has for all models, then for those of each pattern that gives them more itself."""
    held = roles_of(person, policy.roles)
    scopes = [OwnScope(None, tuple(held), allowed(held, policy))]
    for grant in policy.grants:
        given = roles_of(person, {role: grant.roles.get(role, ()) for role in GRANTABLE})
        if set(given) - set(held):
            # A wider pattern means this one as if it were a name, and so gives its roles for all of it.
            more = roles_for(person, policy, grant.pattern)
            scopes.append(OwnScope(grant.pattern, tuple(more), allowed(more, policy)))
    return tuple(scopes)
