"""Proposing that a version moves to another stage, or back. Only the model's stages.yaml is edited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.access.own_keys import own_person
from rollbook.access.stage_keepers import require_keeper
from rollbook.check.promotion_report import gates_to_waive
from rollbook.errors import BadCall, NotFound, Refused
from rollbook.git.write import identity
from rollbook.names import normalise_version, require_model_name, require_stage_name, time_now
from rollbook.propose.proposal import Proposal, branch_name, commit_proposal, judge, refuse_standing
from rollbook.registry.main_branch import main_commit
from rollbook.registry.registry import Registry
from rollbook.schema.schemas import schema_line
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.text import one_line
from rollbook.trail.event import Action
from rollbook.trail.history import history
from rollbook.yaml.edit import edit

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from rollbook.check.finding import Finding
    from rollbook.git.repository import Repository
    from rollbook.names import Reference
    from rollbook.records.policy import Policy
    from rollbook.records.stages import StageTable


PRODUCTION = "production"
_LONGEST_REASON = 1000  # characters


@dataclass(frozen=True, slots=True)
class Move:
    """One line of stages.yaml to write: this version to this stage, and from which."""

    version: str
    start: str
    target: str
    entry: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ProposedMove:
    """A promotion that was proposed: where it stands, what moves, what the check says of it, and the gates
    that it sets aside as a rollback."""

    branch: str
    commit: str
    model: str
    moves: tuple[Move, ...]
    findings: tuple[Finding, ...]
    waived: tuple[str, ...] = ()

    def as_document(self) -> dict[str, Any]:
        """Return the promotion as JSON data."""
        moves = [{"version": move.version, "from": move.start, "to": move.target} for move in self.moves]
        return {
            "model": self.model,
            "moves": moves,
            "waived": list(self.waived),
            "branch": self.branch,
            "commit": self.commit,
        }


def propose_promotion(
    repository: Repository,
    reference: str | Reference,
    stage: str,
    *,
    reason: str,
    details: Mapping[str, Any] | None = None,
    action: str = "promote",
    draft: bool = False,
) -> ProposedMove:
    """Propose that a version moves to `stage`: a branch with one commit that edits stages.yaml alone.

    The version that an exclusive stage held moves to where the policy sends the displaced. `details` are
    further fields of its entry (`traffic`, `replacement`, ...); `action` names the branch. With `draft`
    the proposal is made although the check fails. Raises NotFound for an unknown version or stage, Refused
    for an illegal transition or a change the check refuses, Conflict when the proposal stands already.
    """
    require_stage_name(stage)
    if not one_line(reason):
        raise BadCall("a stage change needs a reason", hint='Say why: --reason "..."')
    base = main_commit(repository)
    base_snapshot = commit_snapshot(repository, base)
    with Registry(repository, base_snapshot) as registry:
        policy = registry.policy
        version = registry.version(reference)
        model, stages = version.model.name, version.model.stages
        policy.stage(stage)
        if version.removal is not None:
            raise version.removal.refusal()
        policy.require_transition(str(version), version.stage, stage)
        if not draft:
            require_keeper(own_person(repository), policy, model, (version.stage, stage))
        is_rollback = action == "rollback"
        waived = gates_to_waive(repository, base_snapshot, version, stage) if is_rollback else ()
        details = {**(details or {}), "waived": [*waived] or None}
        entry = _entry(repository, version.version, one_line(reason), details)
        left = (
            f"rolled back to {version.version}: {one_line(reason)}"[:_LONGEST_REASON] if is_rollback else ""
        )
        moves = plan_moves(policy, stages, version.version, stage, entry, left)
        path = layout.stages_path(model)
        (data,) = registry.snapshot.read_many([path])
    branch = branch_name(action, model, version.version, stage)
    refuse_standing(repository, branch)
    header = f"{schema_line('stages', path)}\n".encode()
    files = {path: edit(data or header, write_moves(policy, moves), path)}
    verdict = judge(repository, base, files)
    if not draft:
        # What waits, for approvals above all, can only come once there is a proposal.
        verdict.require(f"{version} can't move to {stage}", waiting_too=False)
    message = f"{action.capitalize()} {version} to {stage}\n\n{one_line(reason)}\n"
    made = commit_proposal(repository, Proposal(branch, base, message, files))
    return ProposedMove(branch, made, model, tuple(moves), verdict.findings, waived)


def plan_moves(
    policy: Policy, stages: StageTable, version: str, stage: str, entry: dict[str, Any], left: str = ""
) -> list[Move]:
    """Return the displaced versions' moves, then that of `version` into `stage`.

    `left` is why the displaced leave; by default that `version` replaces them. Raises Refused when the stage
    is exclusive, held, and the policy doesn't say where its holder goes.
    """
    current = stages.entry_of(version)
    start = current.stage if current else policy.first_stage.name
    target = policy.stage(stage)
    moves = []
    for holder in stages.holders(stage) if target.exclusive else ():
        if target.displaced_to is None:
            raise Refused(
                f"{stage} is held by {holder.version}",
                hint=f"Move it elsewhere first, or set {stage}'s displaced_to.",
            )
        why = {
            "version": holder.version,
            "reason": left or f"replaced by {version} in {stage}",
            "requested_by": entry["requested_by"],
            "requested_at": entry["requested_at"],
        }
        moves.append(Move(holder.version, stage, target.displaced_to, why))
    return [*moves, Move(version, start, stage, entry)]


def write_moves(policy: Policy, moves: list[Move]) -> Callable[[Any], None]:
    """Return an edit of the document in stages.yaml that carries out `moves`, in place."""

    def change(document: Any) -> None:
        for move in moves:
            _take_out(document, move.start, move.version)
            if move.target != policy.first_stage.name:
                _put_in(document, policy, move)

    return change


def _take_out(document: Any, stage: str, version: str) -> None:
    holders = document.get(stage)
    if isinstance(holders, dict) and holders.get("version") == version:
        del document[stage]
    elif isinstance(holders, list):
        for index, item in enumerate(holders):
            if item.get("version") == version:
                del holders[index]
                break
        if not holders:
            del document[stage]


def _put_in(document: Any, policy: Policy, move: Move) -> None:
    if policy.stage(move.target).exclusive:
        document[move.target] = move.entry
        return
    holders = document.get(move.target)
    if isinstance(holders, list):
        holders.append(move.entry)
    else:
        document[move.target] = [move.entry] if holders is None else [holders, move.entry]


def _entry(repository: Repository, version: str, reason: str, details: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "version": version,
        "reason": reason,
        **{name: value for name, value in details.items() if value is not None},
        "requested_by": identity(repository).email,
        "requested_at": time_now(),
    }


def previous_holder(
    repository: Repository, model: str, stage: str = PRODUCTION, skip: Collection[str] = ()
) -> str:
    """Return the version that held `stage` last before the one that holds it now, from the audit trail.

    A version that came back has taken those out that came after it: the next rollback goes further back, not
    to them. Versions in `skip` are passed over. Raises NotFound when the trail knows of none.
    """
    require_model_name(model)
    base = main_commit(repository)
    with Registry(repository, commit_snapshot(repository, base)) as registry:
        registry.policy.stage(stage)
        holders = {entry.version for entry in registry.model(model).stages.holders(stage)}
    line: list[str] = []
    for tag in history(repository, base, model):
        if tag.event.action is Action.ASSIGNED and tag.event.target == stage:
            if tag.event.version in line:
                del line[line.index(tag.event.version) :]
            line.append(tag.event.version)
    passed_over = {*holders, *map(normalise_version, skip)}
    for version in reversed(line):
        if version not in passed_over:
            return version
    raise NotFound(
        f"the trail knows of no version of {model} that held {stage} before",
        hint=f"Name one: rollbook rollback {model} --to VERSION. "
        "(`git fetch --tags` gets the trail; `rollbook audit record` records what landed.)",
    )
