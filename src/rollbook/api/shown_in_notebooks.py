"""What notebooks show of versions, models, gates and history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.errors import RollbookError
from rollbook.insight.display import display, fact_table, paragraph, row_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rollbook.api.model_answers import ShownModel
    from rollbook.api.public_model import Model, ModelVersion
    from rollbook.api.results import GateReports, History, Shown
    from rollbook.records.manifest import Manifest
    from rollbook.registry.listing import ListedVersion

_SHORT = 12  # digits of a digest
_NEWEST = 20


def version_html(version: ModelVersion) -> str:
    """Show a version: where it stands, its artifact, its metrics. What can't be read is said to be so."""
    try:
        manifest = version.manifest
        aliases = tuple(version.aliases)
        facts = [*_facts(version.stage, aliases, manifest.description, manifest)]
        if version.deprecation:
            facts.append(("deprecated", version.deprecation.reason))
        if version.removal:
            facts.append(("removed", version.removal.reason))
    except RollbookError as error:
        facts = [("can't be read", str(error))]
    return display(str(version), fact_table(facts))


def shown_html(shown: Shown) -> str:
    """Show everything that a notebook has room for."""
    facts = [*_facts(shown.stage, shown.aliases, shown.description, shown.manifest)]
    facts += [("tags", _pairs(shown.tags)), ("signature", str(shown.signature) if shown.signature else "")]
    facts += [("evidence", [f"{one.name} {'passed' if one.passed else 'failed'}" for one in shown.evidence])]
    return display(f"{shown.model}@{shown.version}", fact_table(facts))


def model_html(model: Model) -> str:
    """Show a model's newest versions."""
    from rollbook.registry.listing import listed_versions

    names = model.version_names
    try:
        listed = listed_versions(model, names[-_NEWEST:])
    except RollbookError as error:
        return display(model.name, fact_table([("can't be read", str(error))]))
    left = len(names) - len(listed)
    earlier = paragraph(f"{left:,} earlier versions are not shown." if left else "")
    return display(model.name, _versions(listed), earlier)


def shown_model_html(model: ShownModel) -> str:
    """Show what is known of a model, and its newest versions."""
    record = model.record
    facts = [
        ("description", record.description),
        ("owner", record.owner),
        ("team", record.team),
        ("versions", model.versions),
        (
            "stages",
            "; ".join(f"{stage}: {', '.join(map(str, held))}" for stage, held in model.stages.items()),
        ),
        ("aliases", _pairs(model.aliases)),
    ]
    return display(model.model, fact_table(facts), _versions(model.newest))


def gates_html(reports: GateReports) -> str:
    """Show gate by gate what each promotion meets."""
    if not reports.promotions:
        return display("No promotion is judged")
    parts = []
    for report in reports.promotions:
        said = [(one.gate, one.verdict.state.value, one.verdict) for one in report.results]
        parts.append(paragraph(f"{report.model}@{report.version} to {report.target}: {report.state.value}"))
        columns = ("gate", "state", "found", "asked for", "what to do")
        rows = [(gate, state, told.figure, told.threshold, told.hint) for gate, state, told in said]
        parts.append(row_table(columns, rows))
    return display("Gates: met" if reports.met else "Gates: not met", *parts)


def history_html(history: History) -> str:
    """Show what people changed, a line each, the newest last."""
    from rollbook.trail.told_changes import COLUMNS, change_rows

    past = [one.as_mapping() for one in history.past]
    rows = [
        (
            one["requested_at"],
            one["model"],
            f"{one['version']} {one['action']}",
            one["requested_by"],
            "",
            one["reason"],
        )
        for one in past
    ]
    return display("History", row_table(COLUMNS, [*rows, *change_rows(history.events)], newest=True))


def _facts(
    stage: str, aliases: tuple[str, ...], description: str, manifest: Manifest
) -> Iterator[tuple[str, object]]:
    artifact = manifest.artifact
    yield "stage", ", ".join([stage, *aliases])
    yield "description", description
    yield "registered", f"{manifest.created_at} by {manifest.created_by}"
    yield "algorithm", manifest.algorithm
    yield "framework", " ".join(map(str, manifest.framework.values()))
    yield "artifact", f"{artifact.format}, {artifact.size:,} bytes, sha256 {artifact.sha256[:_SHORT]}"
    yield "metrics", _pairs(manifest.metrics)
    yield "hyperparameters", _pairs(manifest.hyperparameters)


def _versions(listed: Iterable[ListedVersion]) -> str:
    rows = [
        (
            one.version,
            ", ".join([one.stage, *one.aliases]),
            one.created_at,
            one.created_by,
            _pairs(one.metrics),
        )
        for one in listed
    ]
    return row_table(("version", "stage", "registered", "by", "metrics"), rows)


def _pairs(values: Mapping[str, object]) -> str:
    return ", ".join(
        f"{name}={value:.6g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in values.items()
    )
