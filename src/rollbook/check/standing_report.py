"""Whether what holds a stage would be let in today: its gates, judged on the version as it stands."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rollbook.check.base_context import circumstances
from rollbook.check.gate_judgement import guards_stage
from rollbook.check.promotion_report import GateReport, ground_of, move_report
from rollbook.errors import CannotTell
from rollbook.names import alias_of, is_alias_target, require_alias_name
from rollbook.registry.change import Transition
from rollbook.registry.main_branch import main_commit
from rollbook.registry.model_folders import model_names
from rollbook.registry.registry import Registry
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.trail.occasion import arrivals_at, recorded_arrival

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from rollbook.check.gates.gate import Circumstances
    from rollbook.git.repository import Repository
    from rollbook.names import Reference
    from rollbook.records.policy import Policy
    from rollbook.records.stages import StageEntry, StageTable
    from rollbook.registry.model_version import ModelVersion
    from rollbook.signing.approval_signature import Occasion
    from rollbook.snapshot.tree_snapshot import TreeSnapshot
    from rollbook.trail.event import Event


def gate_report(
    repository: Repository, reference: str | Reference, stage: str, *, may_run: bool = True
) -> GateReport:
    """Return what moving a version to `stage`, or giving it an alias (`@champion`), would meet now, by main.

    Of a version that holds the stage, it is what today's gates say of it as it stands; see
    `standing_reports`. `may_run` lets gates run the programs that main's policy names. Raises BadCall for
    what is no reference, NotFound for an unknown version or stage, CannotTell as that does.
    """
    base = commit_snapshot(repository, main_commit(repository))
    with Registry(repository, base) as registry:
        version = registry.version(reference)
        if is_alias_target(stage):
            require_alias_name(alias_of(stage))
        else:
            registry.policy.stage(stage)
        if _entry_at(version, stage) is None:
            return move_report(repository, base, version, stage, may_run=may_run)
        (report,) = _reports(repository, base, [(version, stage)], may_run=may_run)
        return report


def standing_reports(
    repository: Repository,
    *,
    may_run: bool = True,
    models: Container[str] | None = None,
    stage: str | None = None,
) -> list[GateReport]:
    """Return what today's gates say of every version that holds a stage which gates guard, as if it came from
    where it came from, and of every one that has such an alias on record; by model, in the policy's order of
    stages, then by alias.

    The approvals are those on record, given on the occasion of that time, by keys that are allowed today.
    Freezes do not count. Programs that the policy names run only with `may_run`; `models` narrows it to those
    of these names, and no file of another is read; `stage` to what holds that stage or alias. Raises
    CannotTell in a shallow clone, and where main's history does not hold how a version came there.
    """
    base = commit_snapshot(repository, main_commit(repository))
    with Registry(repository, base) as registry:
        policy = registry.policy
        names = [name for name in model_names(base) if models is None or name in models]
        holders = [
            (model.version(entry.version), entry.stage)
            for model in registry.models_named(names)
            for entry in _entries(model.stages, policy)
            if stage in (None, entry.stage)
            and guards_stage([*policy.gates, *(model.record.gates if model.record else ())], entry.stage)
        ]
        return _reports(repository, base, holders, may_run=may_run)


def _entries(table: StageTable, policy: Policy) -> Iterator[StageEntry]:
    """Yield the entries of a model's stages in the policy's order, then those of its aliases."""
    for stage in policy.stages:
        yield from table.holders(stage.name)
    yield from (table.alias_entries[alias] for alias in sorted(table.alias_entries))


def _entry_at(version: ModelVersion, stage: str) -> StageEntry | None:
    """Return the entry by which a version holds a stage or has an alias; None where it does not."""
    if is_alias_target(stage):
        entry = version.model.stages.alias_entries.get(alias_of(stage))
        return entry if entry and entry.version == version.version else None
    return version.entry if version.stage == stage else None


def _reports(
    repository: Repository,
    base: TreeSnapshot,
    holders: Sequence[tuple[ModelVersion, str]],
    *,
    may_run: bool = True,
) -> list[GateReport]:
    if not holders:
        return []
    keys = [(version.model.name, version.version, stage) for version, stage in holders]
    tip = base.commit or ""
    recorded = recorded_arrival(repository, tip, keys[0]) if len(keys) == 1 else None
    arrivals = {keys[0]: recorded} if recorded else arrivals_at(repository, tip, keys)
    known = circumstances(repository, base, may_run=may_run, of_all=len(holders) > 1)
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
    start = version.stage if arrival.is_of_alias else arrival.start
    move = Transition(arrival.version, start, arrival.target, _entry_at(version, arrival.target))
    return GateReport(arrival.model, arrival.version, start, arrival.target, tuple(ground.judge(model, move)))
