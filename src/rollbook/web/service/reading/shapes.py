"""What clients of the API get of models and versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook.names import PRODUCTION

if TYPE_CHECKING:
    from collections.abc import Collection

    from rollbook.api.model_answers import ShownModel
    from rollbook.api.results import Shown
    from rollbook.registry.listing import ListedModel, ListedVersion


def model_row(listed: ListedModel, stages: Collection[str] | None = None) -> dict[str, Any]:
    """Return a model as the list of models has it; of versions outside of `stages`, where told, nothing."""
    held = {stage: versions for stage, versions in listed.stages.items() if stages is None or stage in stages}
    seen = None if stages is None else {version for versions in held.values() for version in versions}
    versions = [version for version in listed.versions if seen is None or version in seen]
    latest = listed.latest if seen is None else (versions[-1] if versions else None)
    production = held.get(PRODUCTION, ())
    return {
        "name": listed.model,
        "versions": [_v(version) for version in versions],
        "latest_version": _told(latest),
        "production_version": _told(production[-1] if production else None),
        "stages": {stage: [_v(version) for version in of_stage] for stage, of_stage in held.items()},
        "aliases": {
            alias: _v(version) for alias, version in listed.aliases.items() if seen is None or version in seen
        },
    }


def model_document(shown: ShownModel, row: dict[str, Any]) -> dict[str, Any]:
    """Return a model: its row, and everything else that is known of it."""
    told = shown.as_document()
    return {
        **told,
        **row,
        "version_count": told["versions"],
        "newest": [{**version, "version": _v(version["version"])} for version in told["newest"]],
    }


def version_row(model: str, listed: ListedVersion) -> dict[str, Any]:
    """Return a version as the list of a model's versions has it."""
    return {
        "model_id": f"{model}-v{listed.version}",
        "version": _v(listed.version),
        "status": listed.stage,
        "aliases": list(listed.aliases),
        "created_date": listed.created_at[:10],
        "created_at": listed.created_at,
        "creator": listed.created_by,
        "metrics": dict(listed.metrics),
        "removed": listed.removed,
    }


def version_document(shown: Shown) -> dict[str, Any]:
    """Return a version: what clients look at first, and everything else that is known of it."""
    manifest = shown.manifest
    return {
        **shown.as_document(),
        "model_id": f"{shown.model}-v{shown.version}",
        "name": shown.model,
        "version": _v(shown.version),
        "status": shown.stage,
        "created_date": manifest.created_at[:10],
        "creator": manifest.created_by,
        "algorithm": manifest.algorithm,
        "metrics": dict(manifest.metrics),
        "features": list(manifest.features) or _input_names(manifest.signature.get("inputs")),
    }


def _input_names(inputs: Any) -> list[str]:
    """Return what goes in by name, where a manifest names no features."""
    told = inputs if isinstance(inputs, list | tuple) else ()
    return [str(column["name"]) for column in told if isinstance(column, dict) and "name" in column]


def _told(version: str | None) -> str | None:
    return None if version is None else _v(version)


def _v(version: str) -> str:
    return f"v{version}"
