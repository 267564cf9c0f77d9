"""What follows from a verdict on a canary, as far as the policy lets the monitor act.

Evidence comes first, and once that is on main the request for the next step. Each is made once; what stands
already is found again, also after a run that was cut off.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.errors import RollbookError
from rollbook.git.merge import merge
from rollbook.git.refs import TAGS, fetch, fetch_tags, tag_ids
from rollbook.integrations.monitor.canary.comparison_evidence import (
    is_rejected,
    propose_evidence,
    standing_evidence,
)
from rollbook.integrations.monitor.canary.next_step import mark_of, next_step, reason_for
from rollbook.propose.landing import land
from rollbook.propose.promotion import propose_promotion
from rollbook.propose.proposal import branch_name, push_branch
from rollbook.registry.change import changed_files
from rollbook.registry.main_branch import has_remote, main_commit, remote_name
from rollbook.registry.registry import Registry, stage_table
from rollbook.registry.request_branches import HERE, open_branches, request_branches
from rollbook.snapshot.tree_snapshot import commit_snapshot

if TYPE_CHECKING:
    from rollbook.git.repository import Repository
    from rollbook.integrations.monitor.canary.comparison import Comparison
    from rollbook.integrations.monitor.canary.comparison_evidence import StandingEvidence
    from rollbook.integrations.monitor.canary.next_step import Step
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
        if has_remote(self._repository) and not self._is_dry:
            remote = remote_name(self._repository)
            fetch_tags(self._repository, remote)
            fetch(self._repository, remote)
        base = main_commit(self._repository)
        if not self._is_still_so(base):
            self._say("nothing: main has moved on since the comparison")
            return
        requests = self._requests(base)
        evidence = standing_evidence(self._repository, base, requests, self._comparison)
        if evidence is None and is_rejected(self._repository, self._comparison):
            self._say("the evidence was proposed and rejected: a person decides")
        elif evidence is None:
            self._add_evidence(requests)
        elif evidence.request is not None:
            self._go_on_with_evidence(evidence, evidence.request, base, requests)
        else:
            self._move(evidence, base, requests)

    def _add_evidence(self, requests: list[RequestBranch]) -> None:
        """Propose the evidence; and where it may land, land it and ask for the step."""
        if self._is_dry:
            does = "land" if self._lands_evidence else "propose"
            self._say(f"would {does} monitoring evidence, then ask for {self._step}")
            return
        evidence = propose_evidence(self._repository, self._comparison)
        assert evidence.request is not None, "what was proposed is a request"
        if self._lands_evidence:
            self._land_evidence(evidence, evidence.request, requests)
            return
        branch = evidence.request.name
        self._publish(branch)
        self._say(f"proposed {evidence.name} ({branch}): {self._step} follows once it has landed")

    def _go_on_with_evidence(
        self, evidence: StandingEvidence, request: RequestBranch, base: str, requests: list[RequestBranch]
    ) -> None:
        """Land the evidence that an earlier run left behind, where it may land; else it waits."""
        if self._lands_evidence and not self._is_dry and self._is_own(request, evidence.path, base):
            self._land_evidence(evidence, request, requests)
        else:
            self._say(f"{evidence.name} waits to land ({request.name}): {self._step} follows then")

    def _land_evidence(
        self, evidence: StandingEvidence, request: RequestBranch, requests: list[RequestBranch]
    ) -> None:
        land(self._repository, request.name)
        self._say(f"landed {evidence.name}")
        self._move(evidence, main_commit(self._repository), requests)

    def _move(self, evidence: StandingEvidence, base: str, requests: list[RequestBranch]) -> None:
        """Ask for the step, or go on with the request for it that stands."""
        comparison, step = self._comparison, self._step
        branch = branch_name(step.action, comparison.model, comparison.version, step.stage)
        lands = self._lands and step.may_land
        standing = next((request for request in requests if request.name == branch), None)
        if standing is not None:
            path = layout.stages_path(comparison.model)
            is_own = self._is_for(standing.commit, evidence) and self._is_own(standing, path, base)
            if not is_own or not lands or self._is_dry:
                self._say(f"{branch} stands already")
                return
        elif self._was_rejected(branch, evidence):
            self._say(f"{step} was asked for and rejected: a person decides")
            return
        elif self._is_dry:
            self._say(f"would {'land' if lands else 'propose'} {step}")
            return
        else:
            self._propose(branch, evidence, lands=lands)
        if lands:
            land(self._repository, branch)
            self._say(f"landed {step}")

    def _propose(self, branch: str, evidence: StandingEvidence, *, lands: bool) -> None:
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
        if not lands:
            self._publish(branch)
            self._say(f"proposed {step} ({branch})")

    def _publish(self, branch: str) -> None:
        if has_remote(self._repository):
            push_branch(self._repository, branch)

    def _requests(self, base: str) -> list[RequestBranch]:
        branches = request_branches(self._repository, ask_remote=not self._is_dry)
        return open_branches(self._repository, branches, base)

    def _is_still_so(self, base: str) -> bool:
        """Whether main has the canary, its share and production as they were compared."""
        told = self._comparison
        with Registry(self._repository, commit_snapshot(self._repository, base)) as registry:
            entry = registry.version(str(told)).entry
        now = (entry.stage, entry.traffic) if entry else None
        return now == (told.settings.stage, told.traffic)

    def _is_own(self, request: RequestBranch, path: str, base: str) -> bool:
        """Whether a request was made here and changes one file alone: what somebody pushed is not landed for
        them, nor what they put beside it."""
        if HERE not in request.places:
            return False
        tree = merge(self._repository, base, request.commit).tree
        changes = changed_files(self._repository, base, tree, "") if tree else []
        return [change.path for change in changes] == [path]

    def _was_rejected(self, branch: str, evidence: StandingEvidence) -> bool:
        """Whether somebody turned down the very request that would be made."""
        folder = f"rejected/{branch.removeprefix('rollbook/')}/"
        return any(
            self._is_for(f"{TAGS}{tag}^{{commit}}", evidence)
            for tag in tag_ids(self._repository)
            if tag.startswith(folder)
        )

    def _is_for(self, revision: str, evidence: StandingEvidence) -> bool:
        """Whether a request rests on this evidence."""
        path = layout.stages_path(self._comparison.model)
        with closing(commit_snapshot(self._repository, revision)) as snapshot:
            (data,) = snapshot.read_many([path])
        entry = stage_table(self._comparison.model, data).entry_of(self._comparison.version)
        return entry is not None and mark_of(evidence.name) in entry.reason

    def _say(self, deed: str) -> None:
        self._followed.deeds.append(deed)
