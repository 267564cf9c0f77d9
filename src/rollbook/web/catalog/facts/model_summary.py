"""What the catalog tells of a model in one line: a function of the model's files and of the policy's stages,
so that it may be remembered by the id of the model's tree."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.errors import InvalidFile, RollbookError
from rollbook.names import PRODUCTION
from rollbook.records.deprecation import deprecation_of
from rollbook.records.evidence import MONITORING
from rollbook.registry.model_folders import model_names
from rollbook.registry.version_files import removed_among

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.api.public_registry import Registry
    from rollbook.registry.model_version import ModelVersion
    from rollbook.registry.registry import Model


@dataclass(frozen=True, slots=True)
class Holder:
    """A version that holds a stage: since when, at whose request and why, its share of the traffic in per
    cent, and when it goes, where it is deprecated. Times are RFC 3339 text."""

    version: str
    stage: str
    since: str
    by: str
    reason: str
    traffic: int | None = None
    sunset: str = ""
    replacement: str = ""


@dataclass(frozen=True, slots=True)
class Monitored:
    """The newest evidence of monitoring on a version that serves."""

    version: str
    evidence: str
    passed: bool
    at: str
    summary: str


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """A model: what it is and whose, how many versions it has and the newest of them, who holds each stage
    but the first in the policy's order, its aliases, and what monitoring says of what is in production.

    `has_monitoring` says whether the model's file has rules of its own for that; `broken` why one of its
    files can't be read, empty where all can.
    """

    name: str
    display_name: str = ""
    description: str = ""
    owner: str = ""
    team: str = ""
    task: str = ""
    use_case: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    versions: int = 0
    latest: str = ""
    latest_at: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    holders: tuple[Holder, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    monitored: tuple[Monitored, ...] = ()
    has_monitoring: bool = False
    broken: str = ""

    @property
    def in_production(self) -> Sequence[Holder]:
        """Who is in production."""
        return [holder for holder in self.holders if holder.stage == PRODUCTION]

    @property
    def elsewhere(self) -> Sequence[Holder]:
        """Who holds another stage than production, but for what is out of use."""
        quiet = (PRODUCTION, "archived", "Archived")
        return [holder for holder in self.holders if holder.stage not in quiet]


def model_summaries(registry: Registry) -> list[ModelSummary]:
    """Return every model's summary, by name. Raises NotFound where there is no registry, InvalidFile for a
    policy that can't be read."""
    registry.require()
    try:
        return [model_summary(model) for model in registry.models()]
    except InvalidFile:  # somebody's stages
        return [summary_of(registry, name) for name in model_names(registry.snapshot)]


def summary_of(registry: Registry, name: str) -> ModelSummary:
    """Return the summary of the model of that name; of one whose stages can't be read, nothing but why."""
    try:
        model = registry.model(name)
    except InvalidFile as error:
        return ModelSummary(name, broken=str(error))
    return model_summary(model)


def model_summary(model: Model) -> ModelSummary:
    """Return the summary of a model; of one whose files can't all be read, what can be, and why."""
    broken: list[str] = []
    holders = _holders(model)
    told = {}
    try:
        record = model.record
        told = {
            "display_name": record.display_name, "description": record.description, "owner": record.owner,
            "team": record.team, "task": record.task, "use_case": record.use_case,
        }  # fmt: skip
        tags, has_monitoring = (
            {name: str(value) for name, value in record.tags.items()},
            bool(record.monitoring),
        )
    except RollbookError as error:
        broken.append(str(error))
        tags, has_monitoring = {}, False
    latest, metrics, latest_at = model.latest, {}, ""
    try:
        if latest is not None:
            metrics, latest_at = dict(latest.manifest.metrics), latest.manifest.created_at
    except RollbookError as error:
        broken.append(str(error))
    monitored = []
    for holder in holders:
        if holder.stage == PRODUCTION:
            try:
                monitored += _monitored(model.version(holder.version))
            except RollbookError as error:
                broken.append(str(error))
    return ModelSummary(
        model.name,
        **told,
        tags=tags,
        versions=len(model.version_names),
        latest=latest.version if latest else "",
        latest_at=latest_at,
        metrics=metrics,
        holders=holders,
        aliases=dict(model.stages.aliases),
        monitored=tuple(monitored),
        has_monitoring=has_monitoring,
        broken="; ".join(broken),
    )


def _holders(model: Model) -> tuple[Holder, ...]:
    entries = model.stages.entries
    removed = removed_among(model.registry.snapshot, [(model.name, entry.version) for entry in entries])
    order = {stage.name: place for place, stage in enumerate(model.registry.policy.stages)}
    holders = []
    for entry in entries:
        if (model.name, entry.version) in removed:
            continue
        retired = deprecation_of(model.name, entry)
        holders.append(
            Holder(
                entry.version,
                entry.stage,
                entry.requested_at,
                entry.requested_by,
                entry.reason,
                entry.traffic,
                retired.sunset if retired else "",
                retired.replacement if retired else "",
            )
        )
    return tuple(sorted(holders, key=lambda holder: order.get(holder.stage, len(order))))


def _monitored(version: ModelVersion) -> list[Monitored]:
    directory = layout.evidence_directory(version.model.name, version.version)
    (names,) = version.model.registry.snapshot.children([directory])
    if not any(name.startswith(f"{MONITORING}-") for name in names):
        return []
    evidence = [one for one in version.evidence() if one.kind == MONITORING]
    newest = max(evidence, key=lambda one: one.number, default=None)
    if newest is None:
        return []
    return [Monitored(version.version, newest.name, newest.passed, newest.created_at, newest.summary)]
