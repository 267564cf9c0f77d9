"""What the page of a version tells, read from its files in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.api.version_answers import shown_signature
from rollbook.check.promotion_report import reports_ahead
from rollbook.errors import RollbookError
from rollbook.insight.compare.metric import is_lower_better
from rollbook.records.lineage import parse_origin
from rollbook.records.signature import HALVES, Illegible, columns_of
from rollbook.snapshot.tree_snapshot import TreeSnapshot
from rollbook.text import decoded
from rollbook.web.catalog.lineage_drawing import drawn
from rollbook.web.catalog.lineage_graph import lineage_graph
from rollbook.web.catalog.told_values import MOST_ROWS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.api.public_model import ModelVersion
    from rollbook.api.results import ShownSignature
    from rollbook.check.promotion_report import GateReport
    from rollbook.records.evidence import Evidence
    from rollbook.records.lineage import TrainingOrigin
    from rollbook.records.model import ModelRecord
    from rollbook.records.notes import Notes
    from rollbook.records.signature import Column
    from rollbook.registry.registry import Model
    from rollbook.web.catalog.catalog_facts import CatalogFacts
    from rollbook.web.catalog.lineage_drawing import LineageDrawing
    from rollbook.web.catalog.lineage_graph import LineageGraph

_MOST_EVIDENCE = 100
_JUDGED_NEWEST = 1  # of the versions that stand in no stage, those whose gates the pages judge


@dataclass(frozen=True, slots=True)
class ToldColumns:
    """One half of a signature: the columns, as many as a page shows, how many there are, and why they can't
    be read where that is so."""

    half: str
    columns: Sequence[Column]
    count: int
    fault: str = ""


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """What is told of one version. `evidence` is by kind, the newest first; `card` its Markdown, empty
    without one; `gates` what each next stage would meet, None where that isn't judged on pages."""

    version: ModelVersion
    record: ModelRecord | None
    notes: Notes
    origin: TrainingOrigin
    evidence: Mapping[str, Sequence[Evidence]]
    evidence_left_out: int
    lower: frozenset[str]
    signature: Sequence[ToldColumns]
    signed: ShownSignature | None
    card: str
    graph: LineageGraph
    drawing: LineageDrawing
    gates: Sequence[GateReport] | None


def version_facts(facts: CatalogFacts, version: ModelVersion) -> VersionFacts:
    """Return what is told of a version. Raises InvalidFile for one of its files that can't be read."""
    manifest = version.manifest
    origin = parse_origin(manifest)
    evidence = version.evidence()
    shown = sorted(evidence, key=lambda one: (one.created_at, one.number), reverse=True)[:_MOST_EVIDENCE]
    graph = lineage_graph(facts.versions, str(version), origin, facts.first_stage)
    return VersionFacts(
        version=version,
        record=_record(version.model),
        notes=version.notes(),
        origin=origin,
        evidence={
            kind: [one for one in shown if one.kind == kind] for kind in sorted({one.kind for one in shown})
        },
        evidence_left_out=len(evidence) - len(shown),
        lower=frozenset(name for name in manifest.metrics if is_lower_better(name)),
        signature=[_columns(manifest.signature, half) for half in HALVES],
        signed=shown_signature(version) if facts.policy else None,
        card=_card(version),
        graph=graph,
        drawing=drawn(graph),
        gates=_gates(facts, version),
    )


def _record(model: Model) -> ModelRecord | None:
    try:
        return model.record
    except RollbookError:  # the model's own page says what is wrong with it
        return None


def _columns(signature: Mapping[str, object], half: str) -> ToldColumns:
    try:
        columns = columns_of(signature, half)
    except Illegible as error:
        return ToldColumns(half, (), 0, str(error))
    return ToldColumns(half, columns[:MOST_ROWS], len(columns))


def _card(version: ModelVersion) -> str:
    (data,) = version.model.registry.snapshot.read_many(
        [layout.card_path(version.model.name, version.version)]
    )
    return "" if data is None else decoded(data)


def judged_on_pages(model: Model) -> frozenset[str]:
    """Return the versions whose gates are judged on pages: those that stand in a stage from which they may
    go on, and the newest. Of ten thousand, the others are asked about one by one."""
    newest = [*model.version_names[-_JUDGED_NEWEST:], *([model.latest.version] if model.latest else [])]
    standing = [
        entry.version for entry in model.stages.entries if entry.stage not in ("archived", "deprecated")
    ]
    return frozenset([*newest, *standing[-10:]])


def _gates(facts: CatalogFacts, version: ModelVersion) -> Sequence[GateReport] | None:
    known, snapshot = facts.circumstances, version.model.registry.snapshot
    if known is None or not isinstance(snapshot, TreeSnapshot) or version.removal is not None:
        return None
    if version.version not in judged_on_pages(version.model):
        return None
    try:
        return reports_ahead(snapshot, known, version)
    except RollbookError:
        return None
