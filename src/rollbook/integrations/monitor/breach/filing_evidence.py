"""Filing evidence of a breach: proposed, or landed, once for each episode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.integrations.monitor.breach.breach_evidence import examination, sought_of
from rollbook.integrations.monitor.deed import LANDED, PERSON, PROPOSED, WAITS, Deed, stopped
from rollbook.integrations.monitor.own_requests import Request, Situation, carried_out, done_first, is_own
from rollbook.integrations.monitor.standing_evidence import (
    evidence_folder,
    is_evidence_rejected,
    known_evidence,
    proposed_evidence,
)

if TYPE_CHECKING:
    from rollbook.integrations.monitor.breach.breach import Breach


def filed_evidence(breach: Breach) -> Deed:
    """File the evidence of a breach as the policy says, unless that of its episode stands already.

    A request that only the remote has is another monitor's: it is left to who lands requests. Raises as
    `add_evidence` and `land` do; Conflict when others are first each time.
    """
    folder = evidence_folder(breach.episode.model)
    return done_first(breach.repository, [folder], lambda now: _filed(breach, now))


def _filed(breach: Breach, now: Situation) -> Deed:
    repository, sought = breach.repository, sought_of(breach)
    known = known_evidence(repository, sought, now.main, now.requests)
    standing = known.standing
    if standing is not None:
        if standing.request is None:
            return Deed(LANDED, standing.name)
        if not is_own(repository, standing.request, now.main, standing.path):
            return Deed(PROPOSED, f"{standing.name} on {standing.request.name}")
    elif not breach.is_seen:
        return Deed(WAITS, "no check tells the breach now, so there is nothing to put on record")
    elif is_evidence_rejected(repository, sought, now.main):
        return stopped(PERSON, "evidence of the breach was proposed and rejected", now.main)
    examined = examination(breach)
    standing = standing or proposed_evidence(repository, str(breach), examined, known.taken)
    assert standing.request is not None, "what is on main was returned above"
    title = f"Add evidence to {breach}: in breach, says monitoring"
    request = Request(standing.request.name, standing.name, title, examined.summary)
    return carried_out(repository, request, now.main, lands=breach.monitoring.on_breach.evidence == "land")
