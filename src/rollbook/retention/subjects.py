# ruff: noqa: S608 (every word of the SQL is written in this package)
"""What the rules of retention are applied to: a registry's models, and main's history of each version."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollbook.check.retention_fate import Fate, ModelStanding, fates
from rollbook.errors import NotFound, Refused
from rollbook.git.main_history import first_parents
from rollbook.git.shallow import is_shallow
from rollbook.insight.lineage.indexed_use import served_by_index
from rollbook.insight.query.index.lookup import ask
from rollbook.records.retention import OwnRetention
from rollbook.registry.registry import Registry
from rollbook.registry.served import Use, both, served_of
from rollbook.registry.version_files import removed_among
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.trail.stage_times import Move, landing_times, moves_since, stays

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from rollbook.git.repository import Repository
    from rollbook.records.retention import Retention
    from rollbook.registry.registry import Model
    from rollbook.registry.served import Served, Usage
    from rollbook.trail.stage_times import Stay


@dataclass(frozen=True, slots=True)
class JudgedModel:
    """A model, the rules it is under, and the fate of each version that has its artifact."""

    model: Model
    rules: Retention
    fates: tuple[Fate, ...]


def judged(
    registry: Registry,
    models: Sequence[Model],
    now: datetime,
    told: Callable[[str, str], tuple[Stay, ...]] | None = None,
    on_record: Callable[[str, str], Served | None] | None = None,
    usage: Usage | None = None,
) -> list[JudgedModel]:
    """Return what the registry's rules make of `models` at `now`.

    `told` tells the stays of a version (model, version); by default main's history is read for them.
    `on_record` tells by evidence when one last served; by default the files are read. `usage` is what sources
    told; what they were not asked about has its evidence alone. Raises Refused in a shallow clone, where
    nobody can tell what was in production, InvalidFile for evidence of use that can't be read.
    """
    pairs = [(model.name, version) for model in models for version in model.version_names]
    removed = removed_among(registry.snapshot, pairs)
    told = told or every_stay(registry.repository, registry.snapshot.commit or "HEAD")
    policy = registry.policy
    judgements = []
    for model in models:
        rules = own_retention(model).tightened(policy.retention)
        removed_versions = {version for name, version in removed if name == model.name}
        stays_of = functools.partial(told, model.name)
        use = functools.partial(known_use, on_record or use_on_record(model, now), usage or {}, model.name)
        standing = ModelStanding(model.version_names, removed_versions, model.stages, stays_of, use)
        judgements.append(JudgedModel(model, rules, tuple(fates(policy, rules, standing, now))))
    return judgements


def use_on_record(model: Model, now: datetime) -> Callable[[str, str], Served | None]:
    """Return a function that tells by evidence when a version of a model last served (model, version);
    nothing is read before it is asked."""

    @functools.cache
    def on_record() -> Mapping[str, Served]:
        return served_of(model, now)

    return lambda name, version: on_record().get(f"{name}@{version}")


def served_by_evidence(registry: Registry, now: datetime) -> Callable[[str, str], Served | None]:
    """Return what `use_on_record` does, of all models, from what the index knows. Raises InvalidFile for
    evidence that can't be read."""
    told = ask(registry, lambda connection: served_by_index(connection, now))
    return lambda model, version: told.get(f"{model}@{version}")


def known_use(on_record: Callable[[str, str], Served | None], usage: Usage, model: str, version: str) -> Use:
    """Return what is known of a version's use: by evidence, and by what sources told."""
    asked = usage.get((model, version), Use())
    return Use(both(on_record(model, version), asked.served), asked.unknown)


def own_retention(model: Model) -> OwnRetention:
    """Return what a model's own file adds to the policy's rules; nothing without a file."""
    try:
        return model.record.retention
    except NotFound:
        return OwnRetention()


def every_stay(repository: Repository, commit: str) -> Callable[[str, str], tuple[Stay, ...]]:
    """Return a function that tells the stays of a version (model, version) in stages, as the history of
    `commit` has them; the history of all models is read at once. Raises Refused in a shallow clone."""
    require_history(repository)
    landed = landing_times(first_parents(repository, commit))
    return _stays_of(moves_since(repository, commit, landed, {}))


def indexed_stays(registry: Registry) -> Callable[[str, str], tuple[Stay, ...]]:
    """Return what `every_stay` does, from what the index knows. That is for telling what may go: what goes is
    judged by main's history itself."""
    moves = told_by_history(
        registry,
        "SELECT model, version, target, max(recorded_at, at) FROM told WHERE number IS NOT NULL"
        " AND target NOT LIKE '@%'"  # an alias moves no version
        " ORDER BY model, sort_key, position, place",
    )
    return _stays_of(Move(*move) for move in moves)


def told_by_history(registry: Registry, question: str, **values: object) -> list[tuple[Any, ...]]:
    """Return the rows of a query about `told`: what main's history up to a registry's snapshot tells of
    versions, as the index has it in its table `happened`. The index's other tables are those of the snapshot.

    `values` are the query's own. For files that are no commit's it is the history of HEAD. Raises Refused in
    a shallow clone.
    """
    require_history(registry.repository)
    commit = registry.snapshot.commit
    if commit is None:
        with Registry(registry.repository, commit_snapshot(registry.repository, "HEAD")) as at_head:
            return told_by_history(at_head, question, **values)
    told = (
        "WITH told AS (SELECT * FROM happened WHERE position <= (SELECT position FROM landed"
        f" WHERE commit_id = :commit)) {question}"
    )
    values["commit"] = commit
    return ask(registry, lambda connection: connection.execute(told, values).fetchall(), history=True)


def require_history(repository: Repository) -> None:
    """Raise Refused in a shallow clone."""
    if is_shallow(repository):
        raise Refused(
            "this clone is shallow: it does not tell what happened to versions, or what was in production",
            hint="Fetch the whole history: git fetch --unshallow; in CI, fetch-depth: 0.",
        )


def _stays_of(moves: Iterable[Move]) -> Callable[[str, str], tuple[Stay, ...]]:
    told: dict[tuple[str, str], list[Move]] = {}
    for move in moves:
        told.setdefault((move.model, move.version), []).append(move)
    return lambda model, version: stays(told.get((model, version), ()))
