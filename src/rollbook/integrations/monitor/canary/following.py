"""What follows from a verdict on a canary, as far as the policy lets the monitor act.

Evidence comes first, and once that is on main the request for the next step. Each is made once; what stands
already is found again, also after a run that was cut off.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollbook.errors import RollbookError
from rollbook.integrations.monitor.canary.comparison_evidence import examination, sought_of
from rollbook.integrations.monitor.canary.next_step import mark_of, next_step, reason_for
from rollbook.integrations.monitor.deed import LANDED, REFUSED
from rollbook.integrations.monitor.own_requests import (
    Request,
    carried_out,
    entry_in,
    is_own,
    is_rejected,
    situation_now,
)
from rollbook.integrations.monitor.standing_evidence import (
    evidence_folder,
    is_evidence_rejected,
    known_evidence,
    proposed_evidence,
)
from rollbook.layout import stages_path
from rollbook.propose.promotion import propose_promotion
from rollbook.propose.proposal import branch_name
from rollbook.registry.main_branch import has_remote, main_commit
from rollbook.registry.registry import Registry
from rollbook.registry.request_branches import HERE
from rollbook.snapshot.tree_snapshot import commit_snapshot

if TYPE_CHECKING:
    from rollbook.git.repository import Repository
    from rollbook.integrations.monitor.canary.canary_comparison import Comparison
    from rollbook.integrations.monitor.canary.next_step import Step
    from rollbook.integrations.monitor.own_requests import Situation
    from rollbook.integrations.monitor.standing_evidence import StandingEvidence
    from rollbook.records.monitoring import Monitoring
    from rollbook.registry.request_branches import RequestBranch


@dataclass(slots=True)
class Followed:
    """What was done on a comparison, or would be, a line each; and what could not be, empty where all was."""

    deeds: list[str] = field(default_factory=list)
    problem: str = ""


def follow(
    repository: Repository, comparison: Comparison, monitoring: Monitoring, *, dry_run: bool = False
) -> Followed:
    """Do what a verdict calls for and the policy lets the monitor do; with `dry_run` say it alone.

    What can't be done is told in what is returned: one canary is no reason to leave out the next.
    """
    followed, step = Followed(), next_step(comparison)
    if step is None or comparison.settings.act == "none":
        return followed
    try:
        _Follower(repository, comparison, monitoring, step, followed, is_dry=dry_run).follow()
    except RollbookError as error:
        followed.problem = f"{error}. {error.hint}".strip()
    return followed


class _Follower:
    """One comparison, the step that it calls for, and what was done."""

    def __init__(
        self,
        repository: Repository,
        comparison: Comparison,
        monitoring: Monitoring,
        step: Step,
        followed: Followed,
        *,
        is_dry: bool,
    ) -> None:
        self._repository = repository
        self._comparison = comparison
        self._step = step
        self._followed = followed
        self._is_dry = is_dry
        self._lands = comparison.settings.act == "land"
        self._lands_evidence = self._lands or monitoring.on_breach.evidence == "land"

    def follow(self) -> None:
        """Add the evidence, and ask for the step once it is on main. Raises as the proposals do."""
        repository, model = self._repository, self._comparison.model
        folders = evidence_folder(model), f"rollbook/{self._step.action}/{model}/"
        now = situation_now(repository, *folders, ask_remote=not self._is_dry)
        if not self._is_still_so(now.main):
            self._say("nothing: main has moved on since the comparison")
            return
        sought = sought_of(self._comparison)
        known = known_evidence(repository, sought, now.main, now.requests)
        evidence = known.standing
        if evidence is None and is_evidence_rejected(repository, sought, now.main):
            self._say("the evidence was proposed and rejected: a person decides")
        elif evidence is None and self._is_dry:
            does = "land" if self._lands_evidence else "propose"
            self._say(f"would {does} monitoring evidence, then ask for {self._step}")
        elif evidence is None:
            evidence = proposed_evidence(
                repository, str(self._comparison), examination(self._comparison), known.taken
            )
            self._bring_in(evidence, now)
        elif evidence.request is None:
            self._move(evidence, now.main, now)
        elif self._goes_on_with(evidence.request, evidence.path, now.main, lands=self._lands_evidence):
            self._bring_in(evidence, now)
        else:
            self._say(f"{evidence.name} waits to land ({evidence.request.name}): {self._step} follows then")

    def _bring_in(self, evidence: StandingEvidence, now: Situation) -> None:
        """Land the evidence where it may land, and ask for the step then; else publish the request for it."""
        assert evidence.request is not None, "what is on main is not brought in"
        title = f"Add evidence to {self._comparison}: as a canary, {self._comparison.verdict.value}"
        request = Request(evidence.request.name, evidence.name, title, examination(self._comparison).summary)
        then = f"; {self._step} follows once it has landed"
        if self._carry_out(request, now.main, lands=self._lands_evidence, then=then):
            self._move(evidence, main_commit(self._repository), now)

    def _move(self, evidence: StandingEvidence, main: str, now: Situation) -> None:
        """Ask for the step, or go on with the request for it that stands."""
        comparison, step = self._comparison, self._step
        branch = branch_name(step.action, comparison.model, comparison.version, step.stage)
        lands = self._lands and step.may_land
        standing = now.request_on(branch)
        if standing is not None:
            path = stages_path(comparison.model)
            is_for = self._is_for(standing, evidence)
            if not is_for or not self._goes_on_with(standing, path, main, lands=lands):
                self._say(f"{branch} stands already")
                return
        elif is_rejected(self._repository, branch, lambda request: self._is_for(request, evidence)):
            self._say(f"{step} was asked for and rejected: a person decides")
            return
        elif self._is_dry:
            self._say(f"would {'land' if lands else 'propose'} {step}")
            return
        else:
            self._propose(evidence)
        request = Request(
            branch, str(step), f"Move {comparison} to {step}", reason_for(comparison, evidence.name)
        )
        self._carry_out(request, main, lands=lands)

    def _propose(self, evidence: StandingEvidence) -> None:
        comparison, step = self._comparison, self._step
        automatic = {"version": comparison.version, "evidence": evidence.name}
        propose_promotion(
            self._repository,
            str(comparison),
            step.stage,
            reason=reason_for(comparison, evidence.name),
            # What a person has to land was not moved by the monitor.
            details={"traffic": step.traffic, "automatic": automatic if step.may_land else None},
            action=step.action,
        )

    def _carry_out(self, request: Request, main: str, *, lands: bool, then: str = "") -> bool:
        """Land or publish a request, say so, and return whether it landed; `then` is said of one that did
        not."""
        deed = carried_out(self._repository, request, main, lands=lands)
        has_landed = deed.word == LANDED
        if deed.word == REFUSED:
            self._followed.problem = deed.what
        else:
            self._say(f"{deed.word} {deed.what}{'' if has_landed else then}")
        return has_landed

    def _goes_on_with(self, request: RequestBranch, path: str, main: str, *, lands: bool) -> bool:
        """Whether there is something to do for a request that stands: it is the monitor's own and may land,
        or a run was cut off before it was published."""
        is_unpublished = has_remote(self._repository) and request.places == (HERE,)
        may_go_on = not self._is_dry and (lands or is_unpublished)
        return may_go_on and is_own(self._repository, request, main, path)

    def _is_still_so(self, base: str) -> bool:
        """Whether main has the canary and its share as they were compared."""
        told = self._comparison
        with Registry(self._repository, commit_snapshot(self._repository, base)) as registry:
            entry = registry.version(str(told)).entry
        now = (entry.stage, entry.traffic) if entry else None
        return now == (told.settings.stage, told.traffic)

    def _is_for(self, request: RequestBranch, evidence: StandingEvidence) -> bool:
        """Whether a request rests on this evidence."""
        entry = entry_in(self._repository, request, self._comparison.model, self._comparison.version)
        return entry is not None and mark_of(evidence.name) in entry.reason

    def _say(self, deed: str) -> None:
        self._followed.deeds.append(deed)
