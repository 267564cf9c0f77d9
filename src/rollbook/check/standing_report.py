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
from rollbook.trail.occasion import arrival_at

if TYPE_CHECKING:
    from rollbook.git.repository import Repository
    from rollbook.names import Reference
    from rollbook.registry.model_version import ModelVersion
    from rollbook.snapshot.tree_snapshot import TreeSnapshot


def gate_report(repository: Repository, reference: str | Reference, stage: str) -> GateReport:
    """Return what moving a version to `stage` would meet now, by what is on main.

    Of a version that holds the stage, it is what today's gates say of it as it stands.

    Raises BadCall for what is no reference, NotFound for an unknown version or stage, CannotTell as
    `standing_report` does.
    """
    base = commit_snapshot(repository, main_commit(repository))
    with Registry(repository, base) as registry:
        version = registry.version(reference)
        registry.policy.stage(stage)
        judge = standing_report if version.entry and version.stage == stage else move_report
        return judge(repository, base, version, stage)


def standing_reports(repository: Repository) -> list[GateReport]:
    """Return what today's gates say of every version that holds a stage which gates guard.

    By model, and in the policy's order of stages.

    Raises as `standing_report` does.
    """
    base = commit_snapshot(repository, main_commit(repository))
    with Registry(repository, base) as registry:
        policy = registry.policy
        return [
            standing_report(repository, base, model.version(entry.version), stage.name)
            for model in registry.models()
            for stage in policy.stages
            for entry in model.stages.holders(stage.name)
            if guards_stage([*policy.gates, *(model.record.gates if model.record else ())], stage.name)
        ]


def standing_report(
    repository: Repository, base: TreeSnapshot, version: ModelVersion, stage: str
) -> GateReport:
    """Return what today's gates say of a version that holds `stage`, as if it came from where it came from.

    The approvals are those on record, given on the occasion of that time, by keys that are allowed today.
    Freezes do not count. Raises CannotTell in a shallow clone, and where main's history does not hold how the
    version came there.
    """
    name = version.model.name
    arrival = arrival_at(repository, base.commit or "", name, version.version, stage)
    if arrival is None:
        raise CannotTell(f"main's history does not tell how {version} came to {stage}")
    event, occasion = arrival
    known = replace(circumstances(repository, base, may_run=True), occasion=lambda _model: occasion)
    policy = replace(version.model.registry.policy, freezes=())
    model, ground = ground_of(base, base, policy, name, known)
    results = ground.judge(model, Transition(version.version, event.start, stage, version.entry))
    return GateReport(name, version.version, event.start, stage, tuple(results))
