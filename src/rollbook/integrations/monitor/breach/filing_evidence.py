"""Filing evidence of a breach: proposed, or landed, once for each episode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.errors import Conflict
from rollbook.integrations.monitor.breach.breach_evidence import (
    StandingEvidence,
    examination,
    known_evidence,
    was_rejected,
)
from rollbook.integrations.monitor.breach.deed import LANDED, PERSON, PROPOSED, WAITS, Deed, stopped
from rollbook.integrations.monitor.breach.requests_of_breaches import (
    Asked,
    carried_out,
    drop_own,
    standing_now,
)
from rollbook.propose.new_evidence import add_evidence
from rollbook.propose.proposal import ChangeRefused
from rollbook.registry.main_branch import main_commit
from rollbook.registry.request_branches import HERE, RequestBranch

if TYPE_CHECKING:
    from rollbook.integrations.monitor.breach.breach import Breach

_ATTEMPTS = 3


def filed_evidence(breach: Breach) -> Deed:
    """File the evidence of a breach as the policy says, unless that of its episode stands already.

    A request that only the remote has is another monitor's: it is left to who lands requests. Raises as
    `add_evidence` and `land` do; Conflict when others are first each time.
    """
    lands, own = breach.monitoring.on_breach.evidence == "land", ""
    folder = f"rollbook/evidence/{breach.episode.model}/"
    for attempt in range(1, _ATTEMPTS + 1):
        now = standing_now(breach.repository, folder)
        known = known_evidence(breach, now.main, now.requests)
        standing = known.standing
        if standing is not None and (standing.request is None or HERE not in standing.request.places):
            if own:
                drop_own(breach.repository, own)
            place = standing.request
            return (
                Deed(PROPOSED, f"{standing.name} on {place.name}") if place else Deed(LANDED, standing.name)
            )
        if standing is None and not breach.is_seen:
            return Deed(WAITS, "no check tells the breach now, so there is nothing to put on record")
        if standing is None and was_rejected(breach, now.main):
            return stopped(PERSON, "evidence of the breach was proposed and rejected", now.main)
        standing = standing or _made(breach, known.taken)
        assert standing.request is not None, "what is on main was returned above"
        own = standing.request.name
        try:
            title = f"Add evidence to {breach}: in breach, says monitoring"
            asked = Asked(own, standing.name, title, examination(breach).summary)
            return carried_out(breach.repository, asked, now.main, lands=lands)
        except (Conflict, ChangeRefused) as error:
            is_refused = isinstance(error, ChangeRefused)
            if is_refused or not lands:  # it can't come through as it is: another may
                drop_own(breach.repository, own)
            if attempt == _ATTEMPTS or (is_refused and main_commit(breach.repository) == now.main):
                raise
    raise AssertionError("the loop returns or raises")


def _made(breach: Breach, taken: frozenset[int]) -> StandingEvidence:
    """Propose the evidence here."""
    made = add_evidence(breach.repository, str(breach), examination(breach), taken=taken)
    return StandingEvidence(f"{made.kind}-{made.number}", RequestBranch(made.branch, made.commit, (HERE,)))
