"""`rollbook show REF` and `rollbook show MODEL`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rollbook.api import model_answers
from rollbook.api.results import ShownSignature
from rollbook.api.version_answers import shown
from rollbook.cli import options
from rollbook.cli.evidence import evidence_line
from rollbook.cli.model_page import print_model
from rollbook.cli.output import print_facts, print_json, size, warn
from rollbook.cli.source import (
    asked_version,
    at_index,
    at_repositories,
    index_options,
    opened_model,
    warn_if_deprecated,
    warn_if_removed,
)
from rollbook.insight.lineage.import_lineage import imports
from rollbook.integrations.mlflow.reading.hidden_facts import deletion_told
from rollbook.names import is_model_name
from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.api.public_model import ModelVersion
    from rollbook.registry.served import Served

if TYPE_CHECKING:
    from collections.abc import Iterator


@click.command("show")
@click.argument("reference", metavar="TARGET")
@at_repositories
@at_index
@options.snapshot
@options.directory
@options.as_json
def command(reference: str, repo: tuple[str, ...], rev: str | None, at: str | None, as_json: bool) -> None:
    """Show one version (REF): what it is, where it stands, how it came about. Or a model, by its name alone.

    Of a model: whose it is, what it is for, which versions hold which stage, its newest versions, the gates
    before its stages, what was changed last, and the requests that are open as last fetched.
    """
    if is_model_name(reference):
        with opened_model(reference, repo, rev, at) as model:
            shown_model = model_answers.shown_model(model)
        if as_json:
            print_json(shown_model)
        else:
            print_model(shown_model)
        return
    with asked_version(reference, repo, rev, at, whole=True) as version:
        told = shown(version)
        warn_if_deprecated(version)
        warn_if_removed(version)
        is_here = not repo and index_options().address is None and not as_json
        changes = list(_changes(version)) if is_here else []
    document = told.as_document()
    if as_json:
        print_json(document)
        return
    if gone := deletion_told(told.notes.extra):
        warn(printable(f"{document['model']}@{document['version']} is {gone}"))
    click.echo(click.style(f"{document['model']}@{document['version']}", bold=True))
    print_facts([*_summary(document, told.served), ("imported", "; ".join(imports(told.imported)))])
    if told.evidence:
        click.echo("\nevidence")
        print_facts([(f"  {evidence.name}", evidence_line(evidence)) for evidence in told.evidence])
    for title in (
        "contents",
        "metrics",
        "hyperparameters",
        "preprocessing",
        "signature",
        "training",
        "environment",
        "lineage",
        "tags",
        "extra",
    ):
        facts = _flat(_section(document, title))
        if facts:
            click.echo(f"\n{title}")
            print_facts([(f"  {name}", value) for name, value in facts])
    if changes:
        click.echo("\nhistory")
        print_facts([(f"  {when}", what) for when, what in changes])


def _changes(version: ModelVersion) -> Iterator[tuple[str, str]]:
    """Yield when and what people changed about a version, as the trail's tags here tell."""
    from rollbook.trail.history import history
    from rollbook.trail.told_changes import changes_of

    registry = version.model.registry
    tags = history(registry.repository, registry.snapshot.commit or "HEAD", version.model.name)
    for when, _, what, by, approved, reason in changes_of(tags, version.version):
        people = f"{by}, approved by {approved}" if approved else by
        yield when, ": ".join(text for text in (f"{what} ({people})" if people else what, reason) if text)


def _monitored(moved: dict[str, Any]) -> str:
    """Return what a transition says of monitoring: that the monitor made it, or that it was made in spite."""
    automatic, despite = moved["automatic"], moved["despite"]
    moved_by = f"moved it on {automatic['evidence']} of {automatic['version']}" if automatic else ""
    in_spite = f"set aside {', '.join(despite['evidence'])}: {despite['reason']}" if despite else ""
    return "; ".join(filter(None, (moved_by, in_spite)))


def _summary(found: dict[str, Any], served: Served | None) -> list[tuple[str, str]]:
    manifest, record, moved = found["manifest"], found["record"], found["transition"]
    artifact = manifest["artifact"]
    framework = manifest["framework"]
    return [
        ("stage", found["stage"]),
        ("why", f"{moved['reason']} ({moved['requested_by']}, {moved['requested_at']})" if moved else ""),
        ("monitor", _monitored(moved) if moved else ""),
        ("approved", "; ".join(_approved(moved["approvals"])) if moved else ""),
        ("aliases", ", ".join(found["aliases"])),
        ("last served", str(served or "")),
        ("description", _described(found)),
        ("display name", record["display_name"]),
        ("owner", record["owner"]),
        ("team", record["team"]),
        ("compliance", record["compliance"]),
        ("data class", record["data_classification"]),
        *_registered(manifest),
        ("artifact", f"{found['path']} ({artifact['format']}, {size(artifact['size'])})"),
        ("sha256", artifact["sha256"]),
        ("signed", str(ShownSignature(**found["signature"])) if found["signature"] else ""),
        ("framework", " ".join(str(value) for value in framework.values())),
        ("algorithm", manifest["algorithm"]),
        ("features", ", ".join(manifest["features"])),
        ("pipeline", " ".join(str(value) for value in manifest["feature_pipeline"].values())),
        ("limitations", "; ".join(manifest["limitations"])),
        ("groups", ", ".join(manifest["protected_groups"])),
    ]


def _registered(manifest: dict[str, Any]) -> list[tuple[str, str]]:
    made = f"{manifest['created_at']} by {manifest['created_by']}"
    if not (really := manifest["backfilled"]):
        return [("registered", made)]
    registered = f"{really['registered_at']} by {really['registered_by']} (back-filled)"
    return [("made", made), ("registered", registered)]


def _approved(approvals: list[dict[str, Any]]) -> Iterator[str]:
    """Yield who approved the move, and what they noted, as the entry says."""
    for approval in approvals:
        note = approval.get("note")
        yield f"{approval.get('by')}: {note}" if note else str(approval.get("by"))


def _described(found: dict[str, Any]) -> str:
    """Return the description that counts, and where it stands when it isn't the manifest's."""
    noted: str = found["notes"]["description"]
    return f"{noted} (from notes.yaml)" if noted else str(found["description"])


def _section(found: dict[str, Any], title: str) -> Any:
    """Return what stands under a title: a mapping as it is, the items of a list by their numbers."""
    manifest = found["manifest"]
    value = {**manifest, "tags": found["tags"], "contents": manifest["artifact"]["contents"]}[title]
    return value if isinstance(value, dict) else {str(place): item for place, item in enumerate(value, 1)}


def _flat(value: Any, prefix: str = "") -> list[tuple[str, str]]:
    """Nested data as dotted names and texts."""
    if isinstance(value, dict):
        return [
            pair
            for key, inner in value.items()
            for pair in _flat(inner, f"{prefix}.{key}" if prefix else key)
        ]
    if isinstance(value, list | tuple) and any(isinstance(item, dict) for item in value):
        return [pair for index, inner in enumerate(value) for pair in _flat(inner, f"{prefix}[{index}]")]
    if isinstance(value, list | tuple):
        return [(prefix, ", ".join(str(item) for item in value))]
    return [(prefix, str(value))]
