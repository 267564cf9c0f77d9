"""Proposing that a version moves to another stage, or back. Only the model's stages.yaml is edited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.access.own_keys import own_person
from rollbook.access.stage_keepers import require_keeper
from rollbook.check.promotion_report import gates_to_waive
from rollbook.errors import BadCall, NotFound
from rollbook.git.operation import one_operation
from rollbook.git.write import identity
from rollbook.names import PRODUCTION, normalise_version, require_model_name, require_stage_name, time_now
from rollbook.propose.evidence_set_aside import set_aside
from rollbook.propose.proposal import PlannedChange, Proposal, branch_name, propose
from rollbook.propose.stage_edits import (
    Displacement,
    Move,
    changed_in_place,
    plan_moves,
    require_day,
    write_moves,
)
from rollbook.registry.main_branch import main_commit
from rollbook.registry.registry import Registry
from rollbook.schema.schemas import schema_line
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.text import one_line
from rollbook.trail.event import Action
from rollbook.trail.history import history
from rollbook.yaml.edit import edit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from rollbook.check.finding import Finding
    from rollbook.git.repository import Repository
    from rollbook.names import Reference
    from rollbook.registry.model_version import ModelVersion
    from rollbook.registry.served import Use
    from rollbook.snapshot.tree_snapshot import TreeSnapshot

_LONGEST_REASON = 1000  # characters


@dataclass(frozen=True, slots=True)
class ProposedMove:
    """A promotion that was proposed: where it stands, what moves, what the check says of it, and the gates
    that it sets aside as a rollback. Of a version that goes out of use, `use` is what is known of who uses it
    still; None where nobody asked."""

    branch: str
    commit: str
    model: str
    moves: tuple[Move, ...]
    findings: tuple[Finding, ...]
    waived: tuple[str, ...] = ()
    use: Use | None = None

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What the check says of it that keeps it from nothing."""
        return tuple(finding for finding in self.findings if finding.severity == "warning")

    def as_document(self) -> dict[str, Any]:
        """Return the promotion as JSON data."""
        moves = [{"version": move.version, "from": move.start, "to": move.target} for move in self.moves]
        served = self.use.served if self.use else None
        return {
            "model": self.model,
            "moves": moves,
            "changed": self.moves[-1].changed or None,
            "waived": list(self.waived),
            "served": served.as_document() if served else None,
            "use_unknown": (self.use.unknown or None) if self.use else None,
            "warnings": [finding.message for finding in self.warnings],
            "branch": self.branch,
            "commit": self.commit,
        }

    def _repr_html_(self) -> str:
        from rollbook.insight.display import display, fact_table, row_table

        moves = [(move.version, move.start, move.target) for move in self.moves]
        facts = [
            ("findings", "; ".join(finding.message for finding in self.findings)),
            ("gates set aside", self.waived),
            ("branch", self.branch),
            ("to land it", f"registry.land({self.branch!r})"),
        ]
        return display(
            f"Proposed for {self.model}", row_table(("version", "from", "to"), moves), fact_table(facts)
        )


@dataclass(frozen=True, slots=True)
class PlannedMove:
    """A promotion that is ready to be proposed: what moves, and the gates that it sets aside."""

    change: PlannedChange
    model: str
    moves: tuple[Move, ...]
    waived: tuple[str, ...] = ()


@one_operation()
def propose_promotion(
    repository: Repository,
    reference: str | Reference,
    stage: str,
    *,
    reason: str,
    details: Mapping[str, Any] | None = None,
    action: str = "promote",
    displaced: Displacement | None = None,
    draft: bool = False,
    onto: str = "",
) -> ProposedMove:
    """Propose that a version moves to `stage`: a branch with one commit that edits stages.yaml alone.

    With `draft` the proposal is made although the check fails, and whoever asks; with `onto` on top of a
    request's commit instead of main's. Raises as `plan_promotion` does, ChangeRefused for a change that the
    check refuses, Conflict when the proposal stands already.
    """
    planned = plan_promotion(
        repository,
        onto or main_commit(repository),
        reference,
        stage,
        reason=reason,
        details=details,
        action=action,
        displaced=displaced,
        draft=draft,
    )
    made, verdict = propose(repository, planned.change, draft=draft)
    branch = planned.change.proposal.branch
    return ProposedMove(branch, made, planned.model, planned.moves, verdict.findings, planned.waived)


def plan_promotion(
    repository: Repository,
    base: str,
    reference: str | Reference,
    stage: str,
    *,
    reason: str,
    details: Mapping[str, Any] | None = None,
    action: str = "promote",
    displaced: Displacement | None = None,
    draft: bool = False,
) -> PlannedMove:
    """Return the edit of stages.yaml, upon the commit `base`, that moves a version to `stage`.

    The version that an exclusive stage held moves to where the policy sends the displaced, or as `displaced`
    says. `details` are further fields of its entry (`traffic`, `replacement`, ...), of `despite` the reason
    alone; of a version that is there already, those are changed. `action` names the branch; a `draft` may be
    anybody's. Raises NotFound for an unknown version or stage, Refused for an illegal transition, or a stage
    that the user doesn't keep.
    """
    require_stage_name(stage)
    if not (reason := one_line(reason)):
        raise BadCall("a stage change needs a reason", hint='Say why: --reason "..."')
    base_snapshot = commit_snapshot(repository, base)
    with Registry(repository, base_snapshot) as registry:
        version = registry.version(reference)
        moves, waived = _moves(
            repository, base_snapshot, version, stage, reason, details or {}, action, displaced
        )
        if not draft:
            between = version.stage, stage
            require_keeper(own_person(repository), registry.policy, version.model.name, between)
        path = layout.stages_path(version.model.name)
        (data,) = registry.snapshot.read_many([path])
        policy, name = registry.policy, str(version)
    branch = branch_name(action, version.model.name, version.version, stage)
    header = f"{schema_line('stages', path)}\n".encode()
    files = {path: edit(data or header, write_moves(policy, moves), path)}
    wish, subject = f"{name} can't move to {stage}", f"{action.capitalize()} {name} to {stage}"
    if changed := moves[-1].changed:
        wish, subject = f"{name} can't be changed in {stage}", f"Change {name} in {stage}: {changed}"
    proposal = Proposal(branch, base, f"{subject}\n\n{reason}\n", files)
    # What waits, for approvals above all, can only come once there is a proposal.
    planned = PlannedChange(proposal, wish, may_wait=True)
    return PlannedMove(planned, version.model.name, tuple(moves), waived)


def _moves(
    repository: Repository,
    base: TreeSnapshot,
    version: ModelVersion,
    stage: str,
    reason: str,
    details: Mapping[str, Any],
    action: str,
    displaced: Displacement | None,
) -> tuple[list[Move], tuple[str, ...]]:
    """Return what a proposal writes, and the gates that it sets aside as a rollback."""
    policy, stages = version.model.registry.policy, version.model.stages
    policy.stage(stage)
    if version.removal is not None:
        raise version.removal.refusal()
    given = {name: value for name, value in details.items() if value is not None}
    if "despite" in given:
        given["despite"] = set_aside(repository, base, version, stage, given["despite"])
    for sunset in (given.get("sunset"), displaced and displaced.sunset):
        require_day(sunset or "")
    by, at = identity(repository).email, time_now()
    standing = version.entry
    if version.stage == stage and standing is not None and displaced is None:
        change = changed_in_place(standing, given, reason, by, at)
        if change is not None:
            return [change], ()
    policy.require_transition(str(version), version.stage, stage)
    is_rollback = action == "rollback"
    waived = gates_to_waive(repository, base, version, stage) if is_rollback else ()
    if waived:
        given["waived"] = [*waived]
    entry = {"version": version.version, "reason": reason, **given, "requested_by": by, "requested_at": at}
    left = f"rolled back to {version.version}: {reason}"[:_LONGEST_REASON] if is_rollback else ""
    return plan_moves(policy, stages, version.version, stage, entry, left, displaced), waived


def line_of_holders(arrivals: Iterable[str]) -> list[str]:
    """Return the versions that a rollback may go back along, from those that came into a stage, in order: one
    that came back has taken those out that came after it."""
    line: list[str] = []
    for version in arrivals:
        if version in line:
            del line[line.index(version) :]
        line.append(version)
    return line


def previous_holder(
    repository: Repository, model: str, stage: str = PRODUCTION, skip: Collection[str] = ()
) -> str:
    """Return the version that held `stage` last before the one that holds it now, from the audit trail.

    The next rollback after one goes further back, not to what it took out. Versions in `skip` are passed
    over. Raises NotFound when the trail knows of none.
    """
    require_model_name(model)
    base = main_commit(repository)
    with Registry(repository, commit_snapshot(repository, base)) as registry:
        registry.policy.stage(stage)
        holders = {entry.version for entry in registry.model(model).stages.holders(stage)}
    line = line_of_holders(
        tag.event.version
        for tag in history(repository, base, model)
        if tag.event.action is Action.ASSIGNED and tag.event.target == stage
    )
    passed_over = {*holders, *map(normalise_version, skip)}
    for version in reversed(line):
        if version not in passed_over:
            return version
    raise NotFound(
        f"the trail knows of no version of {model} that held {stage} before",
        hint=f"Name one: rollbook rollback {model} --to VERSION. "
        "(`git fetch --tags` gets the trail; `rollbook audit record` records what landed.)",
    )
