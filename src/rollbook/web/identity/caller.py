"""Who asks the service, and what they may do there."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from rollbook.access.roles import Person
from rollbook.errors import Refused
from rollbook.names import PRODUCTION, meets_pattern

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

# What RFC 6750 (3.1) calls a token that doesn't reach far enough, and one that doesn't count.
INSUFFICIENT_SCOPE, INVALID_TOKEN = "insufficient_scope", "invalid_token"
EVERY_STAGE = ""  # as the stage that a right is asked for: whatever it may be
_CUT_OFF = " .,:;\"\\'"  # what git removes from the ends of a name
ALL_MODELS = ""  # the key of rights that reach every model; no pattern is empty


class Right(StrEnum):
    """What a request takes, from the least."""

    CATALOG = "catalog"  # which models and versions there are, and the pages
    READ = "read"  # all that is on record of a version
    FETCH = "fetch"  # an artifact's bytes
    PROPOSE = "propose"  # a branch with a change
    APPROVE = "approve"  # to say yes or no to what others propose
    LAND = "land"  # to have a change on main at once
    ADMIN = "admin"  # to see who fetched what, and to refresh


class Denied(Refused):
    """Whoever asks may not do this, or has not said who they are (`is_unknown`); `code` is what RFC 6750
    calls it, `is_hidden` whether they may not even know that what they ask about is there."""

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        is_unknown: bool = False,
        code: str = INSUFFICIENT_SCOPE,
        is_hidden: bool = False,
    ) -> None:
        super().__init__(message, hint=hint)
        self.is_unknown = is_unknown
        self.code = code
        self.is_hidden = is_hidden


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what they may do with one registry.

    `rights` are theirs on every model and on the registry as a whole; `rights_on` those on the models that a
    pattern means; `in_production` those that reach a model's versions in production alone, by pattern too, or
    by ALL_MODELS. All of them end where the patterns `within` do, where that is not None. `name` is what
    identity calls the person, and a commit's author is called; `credential` which token or issuer vouches for
    them. `roles` are those that the policy gives them for all models.
    """

    person: Person
    rights: frozenset[Right]
    rights_on: Mapping[str, frozenset[Right]] = field(default_factory=dict)
    in_production: Mapping[str, frozenset[Right]] = field(default_factory=dict)
    within: tuple[str, ...] | None = None
    is_known: bool = True
    name: str = ""
    credential: str = ""
    roles: tuple[str, ...] = ()

    @property
    def called(self) -> str:
        """What the caller is called where they are told what they may not."""
        return str(self.person) or "nobody in particular"

    @property
    def author_name(self) -> str:
        """What the author of a commit is called that this caller asks for: their name without what git would
        read as an address, or cut off at its ends, so that it can't be taken for somebody else's."""
        plain = "".join(char for char in self.name if char.isprintable() and char not in "<>")
        return plain.strip(_CUT_OFF) or self.person.login or self.person.email

    @property
    def _unlimited(self) -> frozenset[Right]:
        return self.rights if self.within is None else frozenset()

    @property
    def sees_all(self) -> bool:
        """Whether everything on record may be shown to them, so that one answer fits all such callers."""
        return self.within is None and {Right.CATALOG, Right.READ} <= self.rights

    def may(self, right: Right, model: str = "", stage: str | None = EVERY_STAGE) -> bool:
        """Return whether the caller has a right on a model's version in a stage; by default on the model as a
        whole, whatever its versions' stages are; with None on those of one stage at least, which only lets
        somebody look for a version and ask again with its stage. Without a model, on the registry as a whole.

        Which models there are is an answer that is narrowed, so Right.CATALOG without a model takes it on one
        of them.
        """
        if not model:
            return self.may_anywhere(right) if right is Right.CATALOG else right in self._unlimited
        if self.within is not None and not any(meets_pattern(model, pattern) for pattern in self.within):
            return False
        if right in self.rights or _reaches(self.rights_on, right, model):
            return True
        return stage in (PRODUCTION, None) and _reaches(self.in_production, right, model)

    def may_see(self, model: str, stage: str | None = None) -> bool:
        """Return whether lists may name a model, or its version in a stage. What may not be listed is to be
        left out of lists, counts, searches and suggestions too."""
        return self.may(Right.CATALOG, model, stage)

    def stages_seen(self, model: str) -> frozenset[str] | None:
        """Return the stages outside of which lists show nothing of a model; None where all are shown."""
        return None if self.may(Right.CATALOG, model) else frozenset([PRODUCTION])

    def may_anywhere(self, right: Right) -> bool:
        """Return whether the caller has a right on one model at least: for what is to be refused before
        anybody knows which model it is about."""
        held = (self.rights, *self.rights_on.values(), *self.in_production.values())
        return any(right in rights for rights in held)

    def without_production(self) -> Caller:
        """Return the caller without the rights that a stage gives: where a stage is what somebody proposes,
        and nobody approved."""
        return replace(self, in_production={}) if self.in_production else self

    @property
    def reach(self) -> Hashable:
        """All that an answer may depend on that follows from who asks: callers of one reach get the same."""
        held = (self.rights_on, self.in_production)
        return (self.rights, self.within, self.is_known, *(frozenset(on.items()) for on in held))

    @property
    def may_anything(self) -> bool:
        """Whether there is anything that the caller may."""
        return any(map(self.may_anywhere, Right))

    def require(self, right: Right, model: str = "", stage: str | None = EVERY_STAGE) -> None:
        """Raise Denied unless the caller has a right; see `may`."""
        if self.may(right, model, stage):
            return
        raise Denied(
            f"{self.called} may not {right}{f' {model}' if model else ''} here",
            hint="Ask an admin for the role, or for a token with the scope."
            if self.is_known
            else "Bring a token of somebody who may.",
            is_unknown=not self.is_known,
            is_hidden=bool(model) and not self.may_see(model, stage or None),
        )


def _reaches(held: Mapping[str, frozenset[Right]], right: Right, model: str) -> bool:
    return any(
        right in rights and (pattern == ALL_MODELS or meets_pattern(model, pattern))
        for pattern, rights in held.items()
    )


READING = frozenset([Right.CATALOG, Right.READ, Right.FETCH])
ANYBODY = Caller(
    Person(), READING, is_known=False
)  # where no tokens are asked for: whoever reaches the service reads what whoever has a clone reads


def anybody(*_: object) -> Caller:
    """Return who asks where nobody is asked who they are."""
    return ANYBODY
