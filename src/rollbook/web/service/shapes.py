"""What clients of the API get of models and versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook.names import PRODUCTION

if TYPE_CHECKING:
    from rollbook.api.results import Shown
    from rollbook.registry.listing import ListedModel


def model_row(listed: ListedModel) -> dict[str, Any]:
    """Return a model as the list of models has it."""
    production = listed.stages.get(PRODUCTION, ())
    return {
        "name": listed.model,
        "versions": [f"v{version}" for version in listed.versions],
        "latest_version": _told(listed.latest),
        "production_version": _told(production[-1] if production else None),
        "stages": {stage: [f"v{version}" for version in held] for stage, held in listed.stages.items()},
        "aliases": {alias: f"v{version}" for alias, version in listed.aliases.items()},
    }


def version_document(shown: Shown) -> dict[str, Any]:
    """Return a version: what clients look at first, and everything else that is known of it."""
    manifest = shown.manifest
    return {
        **shown.as_document(),
        "model_id": f"{shown.model}-v{shown.version}",
        "name": shown.model,
        "version": f"v{shown.version}",
        "status": shown.stage,
        "created_date": manifest.created_at[:10],
        "creator": manifest.created_by,
        "metrics": dict(manifest.metrics),
    }


def _told(version: str | None) -> str | None:
    return None if version is None else f"v{version}"
