"""What the page of a model tells, read from its files in one place."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.errors import RollbookError
from rollbook.insight.compare.metric import is_lower_better
from rollbook.names import PRODUCTION, precedence
from rollbook.registry.version_files import removed_among
from rollbook.web.catalog.drawing.metric_chart import MetricChart, metric_chart
from rollbook.web.catalog.facts.model_timeline import arrivals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.api.public_model import Model, ModelVersion
    from rollbook.records.deprecation import Deprecation
    from rollbook.records.model import ModelRecord
    from rollbook.records.stages import StageEntry
    from rollbook.web.catalog.facts.catalog_facts import CatalogFacts

MOST_VERSIONS = 50  # that a page tells more of than that they are there
_MOST_METRICS, _MOST_CHARTS = 5, 4


@dataclass(frozen=True, slots=True)
class Place:
    """A stage, or an alias (`@champion`), and what of it is told: who holds it, since when, at whose
    request and why."""

    name: str
    description: str
    holders: Sequence[tuple[StageEntry, Deprecation | None]]


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version as the list of them tells it; `fault` is why its manifest can't be read, empty where it
    can."""

    version: str
    stage: str
    aliases: Sequence[str]
    created_at: str
    created_by: str
    metrics: Mapping[str, float]
    is_removed: bool
    fault: str = ""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is told of one model. `record_fault` is why its model.yaml can't be read; `older` are the
    versions that the list does not have."""

    model: Model
    record: ModelRecord | None
    record_fault: str
    board: Sequence[Place]
    aliases: Sequence[Place]
    rows: Sequence[VersionRow]
    older: Sequence[str]
    metrics: Sequence[str]
    lower: frozenset[str]
    charts: Sequence[MetricChart]
    gates: Sequence[tuple[str, Sequence[str], str, Mapping[str, object]]]


def model_facts(facts: CatalogFacts, model: Model) -> ModelFacts:
    """Return what is told of a model. A manifest or a record that can't be read is told of instead."""
    record, record_fault = _record(model)
    chosen = _chosen(model)
    rows = _rows(model, chosen, facts.first_stage)
    gates = [*_gates(facts, model, record)]
    metrics = _metrics_that_matter(gates, rows)
    lower = frozenset(name for name in metrics if is_lower_better(name))
    figures = {row.version: row.metrics for row in reversed(rows)}
    promoted = arrivals((facts.events or {}).get(model.name, ()), PRODUCTION)
    charts = [
        metric_chart(name, figures, promoted, lower_is_better=name in lower)
        for name in metrics[:_MOST_CHARTS]
    ]
    shown = frozenset(chosen)
    return ModelFacts(
        model=model,
        record=record,
        record_fault=record_fault,
        board=_board(facts, model),
        aliases=_aliases(model),
        rows=rows,
        older=[version for version in reversed(model.version_names) if version not in shown],
        metrics=metrics,
        lower=lower,
        charts=[chart for chart in charts if chart is not None],
        gates=gates,
    )


def where(error: RollbookError) -> str:
    """Return what is wrong, and where."""
    place = getattr(error, "path", "") or ""
    key = getattr(error, "key", "") or ""
    return ": ".join(part for part in (place, key, getattr(error, "message", "") or str(error)) if part)


def _record(model: Model) -> tuple[ModelRecord | None, str]:
    try:
        return model.record, ""
    except RollbookError as error:
        return None, where(error)


def _chosen(model: Model) -> list[str]:
    """Return the newest versions, and those that stand somewhere, the newest first."""
    standing = [entry.version for entry in model.stages.entries[-MOST_VERSIONS:]]
    standing += [*model.stages.aliases.values()][:MOST_VERSIONS]
    known = frozenset(model.version_names)
    chosen = {*model.version_names[-MOST_VERSIONS:], *(version for version in standing if version in known)}
    return sorted(chosen, key=precedence, reverse=True)


def _rows(model: Model, names: Sequence[str], first_stage: str) -> list[VersionRow]:
    removed = removed_among(model.registry.snapshot, [(model.name, version) for version in names])
    entries = {entry.version: entry.stage for entry in reversed(model.stages.entries)}
    return [
        _row(version, entries.get(version.version, first_stage), (model.name, version.version) in removed)
        for version in model.versions(names)
    ]


def _row(version: ModelVersion, stage: str, is_removed: bool) -> VersionRow:
    aliases = version.aliases
    try:
        manifest = version.manifest
    except RollbookError as error:
        return VersionRow(version.version, stage, aliases, "", "", {}, is_removed, where(error))
    return VersionRow(
        version.version,
        stage,
        aliases,
        manifest.created_at,
        manifest.created_by,
        manifest.metrics,
        is_removed,
    )


def _board(facts: CatalogFacts, model: Model) -> list[Place]:
    """Return the stages in the policy's order, from the second; then those that the policy does not have."""
    from rollbook.records.deprecation import deprecation_of

    stages = facts.policy.stages[1:]
    described = {stage.name: stage.description for stage in stages}
    names = [*described, *(entry.stage for entry in model.stages.entries if entry.stage not in described)]
    return [
        Place(
            name,
            described.get(name, ""),
            [(entry, deprecation_of(model.name, entry)) for entry in model.stages.holders(name)],
        )
        for name in dict.fromkeys(names)
    ]


def _aliases(model: Model) -> list[Place]:
    from rollbook.records.stages import StageEntry

    return [
        Place(
            alias,
            "",
            [(model.stages.alias_entries.get(alias) or StageEntry(alias, version, "", "", ""), None)],
        )
        for alias, version in sorted(model.stages.aliases.items())
    ]


def _gates(
    facts: CatalogFacts, model: Model, record: ModelRecord | None
) -> Iterator[tuple[str, Sequence[str], str, Mapping[str, object]]]:
    sources = (
        (layout.POLICY, facts.policy.gates),
        (layout.model_path(model.name), record.gates if record else ()),
    )
    for source, gates in sources:
        for settings in gates:
            to = settings.get("to")
            stages = [str(stage) for stage in to] if isinstance(to, list | tuple) else []
            told = {name: value for name, value in settings.items() if name not in ("gate", "to")}
            yield str(settings.get("gate", "")), stages, source, told


def _metrics_that_matter(
    gates: Sequence[tuple[str, Sequence[str], str, Mapping[str, object]]], rows: Sequence[VersionRow]
) -> list[str]:
    """Return the metrics that gates name, then those that most versions give."""
    given = Counter(name for row in rows for name in row.metrics)
    named = [str(settings["metric"]) for *_, settings in gates if isinstance(settings.get("metric"), str)]
    order = [*(name for name in named if name in given), *(name for name, _ in given.most_common())]
    return [*dict.fromkeys(order)][:_MOST_METRICS]
