"""The verbs that propose a stage change: promote, rollback, deprecate, archive; and that of an alias."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.names import ARCHIVED, DEPRECATED, PRODUCTION
from rollbook.registry import registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.propose.alias_move import ProposedAlias
    from rollbook.propose.promotion import ProposedMove
    from rollbook.propose.stage_edits import Displacement


class Moves(registry.Registry):
    """What proposes that a version moves to another stage, or gets an alias.

    Each of these returns what was proposed, and takes the `reason`, which goes on record; with `draft` the
    proposal is made although the check fails. They raise NotFound for an unknown version or stage, Refused
    for a transition that is not legal or a change that the check refuses, Conflict when the proposal stands.
    """

    def promote(
        self,
        reference: str,
        stage: str,
        *,
        reason: str,
        traffic: int | None = None,
        displaced: str | None = None,
        sunset: str | None = None,
        migration: str | None = None,
        override: str | None = None,
        despite: str | None = None,
        draft: bool = False,
    ) -> ProposedMove:
        """Propose that a version moves to a stage, or that its share of the traffic there changes.

        `traffic` is a canary's share in percent. The version that makes room goes to the stage `displaced`,
        by default where the policy sends it; `sunset` and `migration` tell its users until when and how to
        move on to the one that comes. `override` says why a freeze is set aside, `despite` why the failed
        evidence of monitoring about the version does not keep it out.

        >>> registry.promote("churn@1.1.0", "production", reason="more accurate")
        """
        from rollbook.propose.promotion import propose_promotion

        return propose_promotion(
            self.repository,
            reference,
            stage,
            reason=reason,
            details={"traffic": traffic, "override": _set_aside(override), "despite": despite},
            displaced=_makes_room(displaced, sunset, migration),
            draft=draft,
        )

    def rollback(
        self,
        model: str,
        *,
        reason: str,
        to: str | None = None,
        stage: str = PRODUCTION,
        skip: Sequence[str] = (),
        displaced: str | None = None,
        sunset: str | None = None,
        migration: str | None = None,
        override: str | None = None,
        despite: str | None = None,
        draft: bool = False,
    ) -> ProposedMove:
        """Propose that a model goes back to the version that held a stage before, or to the one named by
        `to`.

        What an earlier rollback took out is not gone back to, nor are the versions in `skip`. For
        `displaced`, `sunset`, `migration`, `override` and `despite` see `promote`.

        >>> registry.rollback("churn", reason="too many false alarms")
        """
        from rollbook.errors import BadCall
        from rollbook.propose.promotion import previous_holder, propose_promotion

        if to and skip:
            raise BadCall("a version is either named or looked for", hint="Give `to`, or `skip`.")
        version = to or previous_holder(self.repository, model, stage, skip)
        return propose_promotion(
            self.repository,
            f"{model}@{version}",
            stage,
            reason=reason,
            details={"override": _set_aside(override), "despite": despite},
            action="rollback",
            displaced=_makes_room(displaced, sunset, migration),
            draft=draft,
        )

    def deprecate(
        self,
        reference: str,
        *,
        reason: str,
        replacement: str | None = None,
        sunset: str | None = None,
        migration: str | None = None,
        draft: bool = False,
    ) -> ProposedMove:
        """Propose that a version is deprecated: still served, with what to use instead (`replacement`), the
        day it goes (`sunset`, such as `2027-06-30`), and what its users have to do (`migration`).

        Of one that is deprecated already, what is given is changed, and the rest stays. What is returned says
        in `use` who uses the version still, as far as evidence and the policy's `monitoring.usage` tell."""
        from rollbook.api.usage_questions import with_use
        from rollbook.propose.promotion import propose_promotion

        proposed = propose_promotion(
            self.repository,
            reference,
            DEPRECATED,
            reason=reason,
            details={"replacement": replacement, "sunset": sunset, "migration": migration},
            action="deprecate",
            draft=draft,
        )
        return with_use(self, proposed)

    def archive(self, reference: str, *, reason: str, draft: bool = False) -> ProposedMove:
        """Propose that a version is archived: out of use, its record and its artifact kept. What is returned
        says in `use` who uses it still."""
        from rollbook.api.usage_questions import with_use
        from rollbook.propose.promotion import propose_promotion

        proposed = propose_promotion(
            self.repository, reference, ARCHIVED, reason=reason, action="archive", draft=draft
        )
        return with_use(self, proposed)

    def alias(
        self,
        reference: str,
        name: str,
        *,
        reason: str,
        remove: bool = False,
        override: str | None = None,
        despite: str | None = None,
        draft: bool = False,
    ) -> ProposedAlias:
        """Propose that the alias `name` points to a version, or with `remove` that it no longer does.

        `override` says why a freeze is set aside, `despite` why failed evidence of monitoring is. Raises
        NotFound also for an alias that isn't there, Refused also for one that points there already, or is
        named like a stage.
        """
        from rollbook.propose.alias_move import propose_alias

        return propose_alias(
            self.repository,
            reference,
            name,
            reason=reason,
            remove=remove,
            override=override,
            despite=despite,
            draft=draft,
        )


def _makes_room(stage: str | None, sunset: str | None, migration: str | None) -> Displacement | None:
    from rollbook.propose.stage_edits import Displacement

    said = any(part is not None for part in (stage, sunset, migration))
    return Displacement(stage or "", sunset or "", migration or "") if said else None


def _set_aside(reason: str | None) -> dict[str, str] | None:
    return {"reason": reason} if reason else None
