"""What the page of a version tells, read from its files in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.api.version_answers import shown_signature
from rollbook.errors import RollbookError
from rollbook.insight.compare.metric import is_lower_better
from rollbook.records.evidence import parse_evidence
from rollbook.records.imported import parse_imported
from rollbook.records.lineage import parse_origin
from rollbook.records.notes import parse_notes
from rollbook.records.removal import parse_removal
from rollbook.records.signature import HALVES, Illegible, columns_of
from rollbook.text import decoded
from rollbook.web.catalog.drawing.lineage_drawing import drawn
from rollbook.web.catalog.drawing.lineage_graph import lineage_graph
from rollbook.web.catalog.facts.told_values import MOST_ROWS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.api.results import ShownSignature
    from rollbook.check.promotion_report import GateReport
    from rollbook.records.evidence import Evidence
    from rollbook.records.imported import Imported
    from rollbook.records.lineage import TrainingOrigin
    from rollbook.records.model import ModelRecord
    from rollbook.records.notes import Notes
    from rollbook.records.removal import Removal
    from rollbook.records.signature import Column
    from rollbook.registry.model_version import ModelVersion
    from rollbook.registry.registry import Model
    from rollbook.web.catalog.drawing.lineage_drawing import LineageDrawing
    from rollbook.web.catalog.drawing.lineage_graph import LineageGraph
    from rollbook.web.catalog.facts.catalog_facts import CatalogFacts

_READ = frozenset(
    [
        layout.Kind.MANIFEST,
        layout.Kind.NOTES,
        layout.Kind.EVIDENCE,
        layout.Kind.REMOVAL,
        layout.Kind.IMPORT,
        layout.Kind.CARD,
        layout.Kind.MODEL_SIGNATURE,
    ]
)
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
    removal: Removal | None
    imported: Imported | None
    card: str
    graph: LineageGraph
    drawing: LineageDrawing
    gates: Sequence[GateReport] | None


def version_facts(facts: CatalogFacts, version: ModelVersion) -> VersionFacts:
    """Return what is told of a version. Raises InvalidFile for one of its files that can't be read."""
    files = _files(version)
    own = version.model.make_version(
        version.version, files.get(layout.manifest_path(version.model.name, version.version))
    )
    manifest = own.manifest
    origin = parse_origin(manifest)
    evidence = [
        parse_evidence(data, path)
        for path, data in files.items()
        if layout.place(path).kind is layout.Kind.EVIDENCE
    ]
    shown = sorted(evidence, key=lambda one: (one.created_at, one.number), reverse=True)[:_MOST_EVIDENCE]
    place = (version.model.name, version.version)
    removed, imported = files.get(layout.removal_path(*place)), files.get(layout.imported_path(*place))
    removal = parse_removal(removed, layout.removal_path(*place)) if removed is not None else None
    graph = lineage_graph(facts.versions, str(version), origin, facts.first_stage)
    is_signed = layout.signature_path(*place) in files
    return VersionFacts(
        version=own,
        record=_record(version.model),
        notes=parse_notes(files.get(layout.notes_path(*place), b""), layout.notes_path(*place)),
        origin=origin,
        evidence={
            kind: [one for one in shown if one.kind == kind] for kind in sorted({one.kind for one in shown})
        },
        evidence_left_out=len(evidence) - len(shown),
        lower=frozenset(name for name in manifest.metrics if is_lower_better(name)),
        signature=[_columns(manifest.signature, half) for half in HALVES],
        signed=shown_signature(own) if is_signed else None,
        removal=removal,
        imported=None if imported is None else parse_imported(imported, layout.imported_path(*place)),
        card=decoded(files.get(layout.card_path(*place), b"")),
        graph=graph,
        drawing=drawn(graph),
        gates=None if removal else _gates(facts, own),
    )


def _files(version: ModelVersion) -> dict[str, bytes]:
    """Read the small files of a version at once: what git is asked counts when there are ten thousand."""
    model, number, snapshot = version.model.name, version.version, version.model.registry.snapshot
    folders = [layout.version_directory(model, number), layout.evidence_directory(model, number)]
    inside = snapshot.children(folders)
    paths = [
        path
        for folder, names in zip(folders, inside, strict=True)
        for name, is_folder in names.items()
        if not is_folder and layout.place(path := f"{folder}/{name}").kind in _READ
    ]
    contents = snapshot.read_many(paths)
    return {path: data for path, data in zip(paths, contents, strict=True) if data is not None}


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


def judged_on_pages(model: Model) -> frozenset[str]:
    """Return the versions whose gates are judged on pages: those that stand in a stage from which they may
    go on, and the newest. Of ten thousand, the others are asked about one by one."""
    newest = [*model.version_names[-_JUDGED_NEWEST:], *([model.latest.version] if model.latest else [])]
    standing = [
        entry.version for entry in model.stages.entries if entry.stage not in ("archived", "deprecated")
    ]
    return frozenset([*newest, *standing[-10:]])


def _gates(facts: CatalogFacts, version: ModelVersion) -> Sequence[GateReport] | None:
    if version.version not in judged_on_pages(version.model):
        return None
    try:
        ahead = facts.gates_ahead(version.model.name)
        return None if ahead is None else ahead.reports(version)
    except RollbookError:  # the page says which file is wrong
        return None
