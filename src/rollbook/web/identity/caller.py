"""Who asks the service, and what they may do there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from rollbook.access.roles import Person
from rollbook.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping


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
    """Whoever asks may not do this, or has not said who they are (`is_unknown`)."""

    def __init__(self, message: str, *, hint: str = "", is_unknown: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.is_unknown = is_unknown


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `rights` are theirs everywhere, `rights_on` those on some models alone, by the model's name; of
    versions outside of `stages`, where that is not None, nothing is shown."""

    person: Person
    rights: frozenset[Right]
    rights_on: Mapping[str, frozenset[Right]]
    stages: frozenset[str] | None = None
    is_known: bool = True

    def may(self, right: Right, model: str = "", stage: str | None = None) -> bool:
        """Return whether the caller has a right, as `require` says."""
        is_allowed = right in self.rights or right in self.rights_on.get(model, frozenset())
        return is_allowed and (self.stages is None or stage is None or stage in self.stages)

    def require(self, right: Right, model: str = "", stage: str | None = None) -> None:
        """Raise Denied unless the caller has a right: on a model, where one is named, and on its version in a
        stage."""
        if self.may(right, model, stage):
            return
        raise Denied(
            f"{self.person or 'nobody in particular'} may not {right}{f' {model}' if model else ''} here",
            hint="Bring a token of somebody who may." if not self.is_known else "Ask an admin for the role.",
            is_unknown=not self.is_known,
        )


ANYBODY = Caller(
    Person(), frozenset([Right.CATALOG, Right.READ, Right.FETCH]), {}, is_known=False
)  # where no tokens are asked for: whoever reaches the service reads what whoever has a clone reads


def anybody(_: object) -> Caller:
    """Return who asks where nobody is asked who they are."""
    return ANYBODY
