"""`rollbook list`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, print_table, say
from rollbook.cli.source import at_repositories, opened_federation, opened_registry
from rollbook.registry.listing import listing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.registry.listing import Listed
    from rollbook.registry.registry import Model, Registry


@click.command("list")
@click.argument("model", required=False)
@click.option(
    "--stale",
    metavar="SPAN",
    help="List the versions that nothing uses and nothing happened to for SPAN: 90d, 12w.",
)
@at_repositories
@options.snapshot
@options.directory
@options.as_json
def command(
    model: str | None,
    stale: str | None,
    repo: tuple[str, ...],
    rev: str | None,
    at: str | None,
    as_json: bool,
) -> None:
    """List the models, their newest versions and their stages; or the versions of MODEL.

    With several --repo, the models of all of them, and which registry each is in. A version whose artifact is
    removed is in no stage here, though stages.yaml keeps its line.
    """
    if len(repo) > 1:
        if stale is not None:
            raise click.UsageError("--stale looks at one registry.")
        with opened_federation(repo, rev, at) as federation:
            if model is not None:
                _list_versions(federation.model(model), as_json=as_json)
            else:
                _list_models(federation.ask(_stages_and_models), as_json=as_json)
        return
    with opened_registry(repo[0] if repo else None, rev, at) as registry:
        if stale is not None:
            _list_stale(registry, model, stale, at, as_json=as_json)
        elif model is not None:
            registry.require()
            _list_versions(registry.model(model), as_json=as_json)
        else:
            _list_models([("", _stages_and_models(registry))], as_json=as_json)


def _stages_and_models(registry: Registry) -> tuple[list[str], Sequence[Listed]]:
    return [stage.name for stage in registry.policy.stages[1:]], listing(registry)


def _list_models(listed: Sequence[tuple[str, tuple[list[str], Sequence[Listed]]]], *, as_json: bool) -> None:
    """The models of registries, each with its address; an empty one for the only registry."""
    found = [(address, stages, model) for address, (stages, models) in listed for model in models]
    found.sort(key=lambda each: each[2].name)
    if as_json:
        print_json(
            [
                ({"registry": address} if address else {}) | _model(model, stages)
                for address, stages, model in found
            ]
        )
        return
    if not found:
        say("the registry has no models yet; register one: rollbook register MODEL ARTIFACT")
        return
    stages = dict.fromkeys(stage for _, (stages, _) in listed for stage in stages)
    held = [name for name in stages if any(model.holders(name) for _, _, model in found)]
    rows = [
        [
            *([address] if address else []),
            model.name,
            model.latest or "",
            *(", ".join(model.holders(name)) for name in held),
        ]
        for address, _, model in found
    ]
    print_table([*(["registry"] if found[0][0] else []), "model", "latest", *held], rows)


def _model(model: Listed, stages: list[str]) -> dict[str, object]:
    return {
        "model": model.name,
        "latest": model.latest,
        "versions": list(model.versions),
        "stages": {name: model.holders(name) for name in stages},
        "aliases": dict(model.aliases),
    }


def _list_stale(registry: Registry, model: str | None, span: str, at: str | None, *, as_json: bool) -> None:
    from rollbook.git.main_history import parse_moment
    from rollbook.names import time_text
    from rollbook.retention.stale import parse_span, stale_versions

    models = None if model is None else [registry.model(model)]
    now = parse_moment(at) if at else None
    found = stale_versions(registry, parse_span(span), models, now=now)
    if as_json:
        print_json(
            [
                {
                    "model": each.model,
                    "version": each.version,
                    "stage": each.stage,
                    "last": each.last,
                    "at": time_text(int(each.at.timestamp())),
                    "days": each.days,
                }
                for each in found
            ]
        )
        return
    rows = [
        [each.model, each.version, each.stage, each.last, time_text(int(each.at.timestamp())), str(each.days)]
        for each in found
    ]
    print_table(["model", "version", "stage", "last", "at", "days"], rows)


def _list_versions(model: Model, *, as_json: bool) -> None:
    from rollbook.registry.version_files import removed_among

    versions = model.versions()[::-1]
    removed = removed_among(
        model.registry.snapshot, ((model.name, version) for version in model.version_names)
    )
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
                    "removed": (model.name, item.version) in removed,
                }
                for item in versions
            ]
        )
        return
    rows = [
        [
            item.version,
            f"{item.stage} (artifact removed)" if (model.name, item.version) in removed else item.stage,
            ", ".join(item.aliases),
            item.manifest.created_at,
            item.manifest.created_by,
            " ".join(f"{name}={value:g}" for name, value in item.manifest.metrics.items()),
        ]
        for item in versions
    ]
    print_table(["version", "stage", "aliases", "created at", "created by", "metrics"], rows)
