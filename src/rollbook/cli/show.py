"""`rollbook show REF`."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import click

from rollbook.cli import options, removal
from rollbook.cli.deprecation import as_mapping, warn_if_deprecated
from rollbook.cli.evidence import evidence_line, evidence_mapping
from rollbook.cli.output import print_facts, print_json, size
from rollbook.cli.source import asked_version, at_index, at_repositories
from rollbook.insight.lineage.import_lineage import imports
from rollbook.records.imported import as_mapping as imported_mapping

if TYPE_CHECKING:
    from rollbook.registry.model_version import ModelVersion


@click.command("show")
@click.argument("reference", metavar="REF")
@at_repositories
@at_index
@options.snapshot
@options.directory
@options.as_json
def command(reference: str, repo: tuple[str, ...], rev: str | None, at: str | None, as_json: bool) -> None:
    """Show one version: what it is, where it stands, how it came about."""
    with asked_version(reference, repo, rev, at, whole=True) as version:
        found, evidence = describe(version), version.evidence()
        imported = "; ".join(imports(version.imported))
        warn_if_deprecated(version)
        removal.warn_if_removed(version)
    if as_json:
        print_json(found)
        return
    click.echo(click.style(f"{found['model']}@{found['version']}", bold=True))
    print_facts([*_summary(found), ("imported", imported)])
    if evidence:
        click.echo("\nevidence")
        print_facts([(f"  {each.name}", evidence_line(each)) for each in evidence])
    for title in (
        "metrics",
        "hyperparameters",
        "signature",
        "training",
        "environment",
        "lineage",
        "tags",
        "extra",
    ):
        facts = list(_flat(found["tags"] if title == "tags" else found["manifest"][title]))
        if facts:
            click.echo(f"\n{title}")
            print_facts([(f"  {name}", value) for name, value in facts])


def describe(version: ModelVersion) -> dict[str, Any]:
    """Everything known of a version, as `show --json` prints it."""
    entry, notes, manifest = version.entry, version.notes(), version.manifest
    return {
        "model": version.model.name,
        "version": version.version,
        "stage": version.stage,
        "deprecated": as_mapping(version),
        "removed": removal.as_mapping(version),
        "imported": imported_mapping(version.imported),
        "aliases": version.aliases,
        "commit": version.model.registry.snapshot.commit,
        "path": version.artifact_path,
        "transition": dataclasses.asdict(entry) if entry else None,
        "record": dataclasses.asdict(version.model.record),
        "description": notes.description or manifest.description,
        "tags": {**manifest.tags, **notes.tags},
        "manifest": dataclasses.asdict(manifest),
        "notes": dataclasses.asdict(notes),
        "evidence": [evidence_mapping(each) for each in version.evidence()],
    }


def _summary(found: dict[str, Any]) -> list[tuple[str, str]]:
    manifest, record, moved = found["manifest"], found["record"], found["transition"]
    artifact = manifest["artifact"]
    framework = manifest["framework"]
    return [
        ("stage", found["stage"]),
        ("why", f"{moved['reason']} ({moved['requested_by']}, {moved['requested_at']})" if moved else ""),
        ("aliases", ", ".join(found["aliases"])),
        ("description", _described(found)),
        ("owner", record["owner"]),
        ("team", record["team"]),
        ("registered", f"{manifest['created_at']} by {manifest['created_by']}"),
        ("artifact", f"{found['path']} ({artifact['format']}, {size(artifact['size'])})"),
        ("sha256", artifact["sha256"]),
        ("framework", " ".join(str(value) for value in framework.values())),
        ("algorithm", manifest["algorithm"]),
        ("features", ", ".join(manifest["features"])),
    ]


def _described(found: dict[str, Any]) -> str:
    """The description that counts, and where it stands when it isn't the manifest's."""
    noted: str = found["notes"]["description"]
    return f"{noted} (from notes.yaml)" if noted else str(found["description"])


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
