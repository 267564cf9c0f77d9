"""What the rules of retention are applied to: a registry's models, and main's history of each version."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.check.retention_fate import Fate, ModelStanding, fates
from rollbook.errors import NotFound, Refused
from rollbook.git.main_history import first_parents
from rollbook.git.repository import is_shallow
from rollbook.records.retention import OwnRetention
from rollbook.registry.version_files import removed_among
from rollbook.trail.stage_times import landing_times, moves_since, stays

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from rollbook.git.repository import Repository
    from rollbook.records.retention import Retention
    from rollbook.registry.registry import Model, Registry
    from rollbook.trail.stage_times import Move, Stay


@dataclass(frozen=True, slots=True)
class JudgedModel:
    """A model, the rules it is under, and the fate of each version that has its artifact."""

    model: Model
    rules: Retention
    fates: tuple[Fate, ...]


def judged(registry: Registry, models: Sequence[Model], now: datetime) -> list[JudgedModel]:
    """What the registry's rules make of `models` at `now`.

    Raises Refused in a shallow clone, where nobody can tell what was in production.
    """
    asked = [(model.name, version) for model in models for version in model.version_names]
    removed = removed_among(registry.snapshot, asked)
    told = every_stay(registry.repository, registry.snapshot.commit or "HEAD")
    policy = registry.policy
    found = []
    for model in models:
        rules = own_retention(model).tightened(policy.retention)
        gone = {version for name, version in removed if name == model.name}
        stays_of = functools.partial(told, model.name)
        standing = ModelStanding(model.version_names, gone, model.stages, stays_of)
        found.append(JudgedModel(model, rules, tuple(fates(policy, rules, standing, now))))
    return found


def own_retention(model: Model) -> OwnRetention:
    """What a model's own file adds to the policy's rules; nothing without a file."""
    try:
        return model.record.retention
    except NotFound:
        return OwnRetention()


def every_stay(repository: Repository, commit: str) -> Callable[[str, str], tuple[Stay, ...]]:
    """A function that tells the stays of a version (model, version) in stages, as the history of `commit` has
    them; the history of all models is read at once."""
    if is_shallow(repository):
        raise Refused(
            "this clone is shallow: it does not tell what was in production",
            hint="Fetch the whole history: git fetch --unshallow; in CI, fetch-depth: 0.",
        )
    landed = landing_times(first_parents(repository, commit))
    moves: dict[tuple[str, str], list[Move]] = {}
    for move in moves_since(repository, commit, landed, {}):
        moves.setdefault((move.model, move.version), []).append(move)
    return lambda model, version: stays(moves.get((model, version), ()))
