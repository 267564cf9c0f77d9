"""The way back from a breach: to the last good version, once, and not in a loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.integrations.monitor.breach.breach_evidence import sought_of
from rollbook.integrations.monitor.breach.good_version import last_good
from rollbook.integrations.monitor.breach.past_rollbacks import past_rollbacks
from rollbook.integrations.monitor.deed import LANDED, NOTHING, PERSON, PROPOSED, WAITS, Deed, stopped, tried
from rollbook.integrations.monitor.own_requests import (
    Request,
    Situation,
    carried_out,
    done_first,
    entry_in,
    is_own,
    is_rejected,
)
from rollbook.integrations.monitor.standing_evidence import (
    StandingEvidence,
    evidence_folder,
    known_evidence,
    suspected_versions,
)
from rollbook.layout import stages_path
from rollbook.names import PRODUCTION, moment_text
from rollbook.propose.promotion import propose_promotion
from rollbook.propose.proposal import branch_name
from rollbook.records.stages import AutomaticMove
from rollbook.registry.registry import Registry
from rollbook.registry.request_branches import HERE
from rollbook.snapshot.tree_snapshot import commit_snapshot

if TYPE_CHECKING:
    from collections.abc import Collection

    from rollbook.integrations.monitor.breach.breach import Breach
    from rollbook.registry.request_branches import RequestBranch

_ACTION = "rollback"


@dataclass(frozen=True, slots=True)
class _Way:
    """Back to `version` in `stage`, on this evidence."""

    version: str
    stage: str
    evidence: StandingEvidence


def rolled_back(breach: Breach, suspected: Collection[str], before: Deed | None) -> Deed:
    """Make the rollback of a breach as the policy says, unless it stands already, or is for a person.

    `suspected` are versions of the model that are in breach themselves; `before` is what came of it the last
    time. Raises as `propose_promotion` and `land` do; Conflict when others are first each time.
    """
    model, verified = breach.episode.model, set[str]()

    def do(now: Situation) -> Deed:
        found = _way_back(breach, now, suspected, before, verified)
        return found if isinstance(found, Deed) else _taken(breach, found, now)

    return done_first(breach.repository, [evidence_folder(model), f"rollbook/{_ACTION}/{model}/"], do)


def landed_rollback(breach: Breach, main: str) -> Deed | None:
    """Return the rollback of a breach that main has; None where it has none."""
    evidence = known_evidence(breach.repository, sought_of(breach), main, ()).standing
    if evidence is None:
        return None
    claim = AutomaticMove(breach.episode.version, evidence.name)
    made = [
        past for past in past_rollbacks(breach.repository, main, breach.episode.model) if past.out == claim
    ]
    return Deed(LANDED, f"back to {made[-1].version} ({evidence.name})") if made else None


def _way_back(
    breach: Breach, now: Situation, suspected: Collection[str], before: Deed | None, verified: set[str]
) -> _Way | Deed:
    """Return where to go back to; or why nobody goes, or not now."""
    if (done := landed_rollback(breach, now.main)) is not None:
        return done
    stage = breach.stage or PRODUCTION
    if (why_not := _not_held(breach, now.main, stage)) is not None:
        return why_not
    actions = breach.monitoring.on_breach
    evidence = known_evidence(breach.repository, sought_of(breach), now.main, now.requests).standing
    if evidence is None:
        if actions.evidence == "none":
            return stopped(PERSON, "a rollback rests on evidence, and the policy has none made", now.main)
        return Deed(WAITS, "for evidence of the breach")
    if actions.rollback == "land" and evidence.request is not None:
        return Deed(WAITS, f"for {evidence.name} to land ({evidence.request.name})")
    if (loop := _loop(breach, now.main)) is not None:
        return loop
    told = suspected_versions(breach.repository, now.requests, breach.episode.model)
    others = {*suspected, *told} - {breach.episode.version}
    about = breach.episode.model, stage, breach.now.date()
    choice = last_good(breach.repository, now.main, *about, others, verified)
    if choice.version:
        return _Way(choice.version, stage, evidence)
    looked_at = "; ".join(choice.passed_over) or "none held it before, says the trail"
    why = f"no version to go back to in {stage} is good: {looked_at}"
    return tried(PERSON, why, now.main, before) if choice.lacks_bytes else stopped(PERSON, why, now.main)


def _not_held(breach: Breach, main: str, stage: str) -> Deed | None:
    """Return why there is nothing to take out of a stage; None where there is."""
    with Registry(breach.repository, commit_snapshot(breach.repository, main)) as registry:
        version = registry.version(str(breach))
        if version.stage != stage:
            return Deed(NOTHING, f"{breach} is in {version.stage} by now, no longer in {stage}")
        if registry.policy.stage(stage).exclusive:
            return None
    if stage != PRODUCTION:
        return Deed(NOTHING, f"several versions may be in {stage}: none takes the place of another")
    return stopped(PERSON, f"several versions may be in {stage}: which takes over is not for a monitor", main)


def _loop(breach: Breach, main: str) -> Deed | None:
    """Return that a person is needed when the monitor went back lately; None when it did not."""
    since = breach.now - breach.monitoring.on_breach.stop_loops_for
    lately = [
        past for past in past_rollbacks(breach.repository, main, breach.episode.model) if past.at >= since
    ]
    if not lately:
        return None
    last = lately[-1]
    at = moment_text(last.at)
    why = f"the model was rolled back automatically at {at}, from {last.out.version} to {last.version}"
    return stopped(PERSON, f"{why}: once more would be a loop", main)


def _taken(breach: Breach, way: _Way, now: Situation) -> Deed:
    """Ask for the rollback, or go on with the request for it that stands."""
    repository, model = breach.repository, breach.episode.model
    branch = branch_name(_ACTION, model, way.version, way.stage)
    lands = breach.monitoring.on_breach.rollback == "land"
    claim = AutomaticMove(breach.episode.version, way.evidence.name)
    what = f"back to {way.version} ({way.evidence.name})"
    standing = now.request_on(branch)
    if standing is not None:
        if not _claims(breach, standing, way, claim):
            return stopped(PERSON, f"another request for {way.version} stands: {branch}", now.main)
        # One that only asks may stand on the request for its evidence.
        path = stages_path(model)
        is_ours = is_own(repository, standing, now.main, path) if lands else HERE in standing.places
        if not is_ours:
            return Deed(PROPOSED, f"{what} on {branch}")
    elif is_rejected(repository, branch, lambda request: _claims(breach, request, way, claim)):
        return stopped(PERSON, f"{what} was asked for and rejected", now.main)
    else:
        _ask(breach, way, claim)
    title = f"Roll {model} back to {way.version} in {way.stage}"
    return carried_out(repository, Request(branch, what, title, breach.reason), now.main, lands=lands)


def _ask(breach: Breach, way: _Way, claim: AutomaticMove) -> None:
    request: RequestBranch | None = way.evidence.request
    propose_promotion(
        breach.repository,
        f"{breach.episode.model}@{way.version}",
        way.stage,
        reason=breach.reason,
        details={"automatic": {"version": claim.version, "evidence": claim.evidence}},
        action=_ACTION,
        onto=request.commit if request else "",
    )


def _claims(breach: Breach, request: RequestBranch, way: _Way, claim: AutomaticMove) -> bool:
    """Return whether a request rolls back on this evidence."""
    entry = entry_in(breach.repository, request, breach.episode.model, way.version)
    return entry is not None and entry.automatic == claim and entry.stage == way.stage
