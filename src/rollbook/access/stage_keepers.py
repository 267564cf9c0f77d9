"""Refusing early what the check would: a move into or out of a stage that the policy keeps for others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.access.roles import Person, keepers, may_move, roles_for
from rollbook.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rollbook.records.policy import Policy


def require_keeper(person: Person, policy: Policy, model: str, stages: Iterable[str]) -> None:
    """Raise Refused unless the roles of a person for a model let them move versions between these stages."""
    held = roles_for(person, policy, model)
    for name in stages:
        stage = policy.stage(name)
        if not may_move(held, stage):
            roles = " or ".join(keepers(stage))
            raise Refused(
                f"{person} may not move versions into {name} or out of it",
                hint=f"The policy keeps {name} for others: somebody who is {roles} has to propose this.",
            )
