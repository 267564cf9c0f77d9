"""Whether what holds a stage would be let in today: its gates, judged on the version as it stands."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rollbook.check.base_context import circumstances
from rollbook.check.gate_judgement import guards_stage
from rollbook.check.promotion_report import GateReport, ground_of, move_report
from rollbook.errors import CannotTell
from rollbook.registry.change import Transition
from rollbook.registry.main_branch import main_commit
from rollbook.registry.registry import Registry
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.trail.occasion import arrivals_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.check.gates.gate import Circumstances
    from rollbook.git.repository import Repository
    from rollbook.names import Reference
    from rollbook.registry.model_version import ModelVersion
    from rollbook.signing.approval_signature import Occasion
    from rollbook.snapshot.tree_snapshot import TreeSnapshot
    from rollbook.trail.event import Event


def gate_report(repository: Repository, reference: str | Reference, stage: str) -> GateReport:
    """Return what moving a version to `stage` would meet now, by what is on main.

    Of a version that holds the stage, it is what today's gates say of it as it stands; see
    `standing_reports`. Raises BadCall for what is no reference, NotFound for an unknown version or stage,
    CannotTell as that does.
    """
    base = commit_snapshot(repository, main_commit(repository))
    with Registry(repository, base) as registry:
        version = registry.version(reference)
        registry.policy.stage(stage)
        if version.entry is None or version.stage != stage:
            return move_report(repository, base, version, stage)
        (report,) = _reports(repository, base, [(version, stage)])
        return report


def standing_reports(repository: Repository) -> list[GateReport]:
    """Return what today's gates say of every version that holds a stage which gates guard, as if it came from
    where it came from; by model, and in the policy's order of stages.

    The approvals are those on record, given on the occasion of that time, by keys that are allowed today.
    Freezes do not count. Raises CannotTell in a shallow clone, and where main's history does not hold how a
    version came there.
    """
    base = commit_snapshot(repository, main_commit(repository))
    with Registry(repository, base) as registry:
        policy = registry.policy
        holders = [
            (model.version(entry.version), stage.name)
            for model in registry.models()
            for stage in policy.stages
            for entry in model.stages.holders(stage.name)
            if guards_stage([*policy.gates, *(model.record.gates if model.record else ())], stage.name)
        ]
        return _reports(repository, base, holders)


def _reports(
    repository: Repository, base: TreeSnapshot, holders: Sequence[tuple[ModelVersion, str]]
) -> list[GateReport]:
    if not holders:
        return []
    keys = [(version.model.name, version.version, stage) for version, stage in holders]
    arrivals = arrivals_at(repository, base.commit or "", keys)
    known = circumstances(repository, base, may_run=True, of_all=len(holders) > 1)
    reports = []
    for key, (version, stage) in zip(keys, holders, strict=True):
        if key not in arrivals:
            raise CannotTell(f"main's history does not tell how {version} came to {stage}")
        reports.append(_report(base, known, version, *arrivals[key]))
    return reports


def _report(
    base: TreeSnapshot, known: Circumstances, version: ModelVersion, arrival: Event, occasion: Occasion
) -> GateReport:
    then = replace(known, occasion=lambda _model: occasion)
    policy = replace(version.model.registry.policy, freezes=())
    model, ground = ground_of(base, base, policy, arrival.model, then)
    move = Transition(arrival.version, arrival.start, arrival.target, version.entry)
    return GateReport(
        arrival.model, arrival.version, arrival.start, arrival.target, tuple(ground.judge(model, move))
    )
