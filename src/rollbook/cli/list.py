"""`rollbook list`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, print_table, say
from rollbook.cli.source import opened_registry

if TYPE_CHECKING:
    from rollbook.registry import Model


@click.command("list")
@click.argument("model", required=False)
@options.snapshot
@options.directory
@options.as_json
def command(model: str | None, rev: str | None, at: str | None, as_json: bool) -> None:
    """List the models, their newest versions and their stages; or the versions of MODEL."""
    with opened_registry(None, rev, at) as registry:
        policy = registry.policy
        if model is not None:
            _list_versions(registry.model(model), as_json=as_json)
            return
        models = registry.models()
        stages = [stage.name for stage in policy.stages[1:]]
    if as_json:
        print_json([_model(item, stages) for item in models])
        return
    if not models:
        say("the registry has no models yet; register one: rollbook register MODEL ARTIFACT")
        return
    held = [name for name in stages if any(item.stages.holders(name) for item in models)]
    rows = [
        [item.name, item.latest.version if item.latest else "", *(_holders(item, name) for name in held)]
        for item in models
    ]
    print_table(["model", "latest", *held], rows)


def _holders(model: Model, stage: str) -> str:
    return ", ".join(entry.version for entry in model.stages.holders(stage))


def _model(model: Model, stages: list[str]) -> dict[str, object]:
    return {
        "model": model.name,
        "latest": model.latest.version if model.latest else None,
        "versions": list(model.version_names),
        "stages": {name: [entry.version for entry in model.stages.holders(name)] for name in stages},
        "aliases": dict(model.stages.aliases),
    }


def _list_versions(model: Model, *, as_json: bool) -> None:
    versions = model.versions()[::-1]
    if as_json:
        print_json(
            [
                {
                    "version": item.version,
                    "stage": item.stage,
                    "aliases": item.aliases,
                    "created_at": item.manifest.created_at,
                    "created_by": item.manifest.created_by,
                    "metrics": dict(item.manifest.metrics),
                }
                for item in versions
            ]
        )
        return
    rows = [
        [
            item.version,
            item.stage,
            ", ".join(item.aliases),
            item.manifest.created_at,
            item.manifest.created_by,
            " ".join(f"{name}={value:g}" for name, value in item.manifest.metrics.items()),
        ]
        for item in versions
    ]
    print_table(["version", "stage", "aliases", "created at", "created by", "metrics"], rows)
