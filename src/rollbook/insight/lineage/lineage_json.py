"""A lineage, and what came from a source, as JSON data for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rollbook.records.imported import as_mapping

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rollbook.insight.lineage.descendants import Descendant
    from rollbook.insight.lineage.trace import Lineage, Traced


def lineage_data(lineage: Lineage) -> dict[str, Any]:
    """The version asked for, it and all its ancestors, the parents that the registry does not have,
    and what became of the version."""
    return {
        "reference": lineage.reference,
        "versions": [_version(item) for item in lineage.versions.values()],
        "missing": list(lineage.missing),
        "stages": [asdict(one) for one in lineage.stood],
        "deployments": [asdict(one) for one in lineage.deployments],
    }


def descendants_data(descendants: Iterable[Descendant]) -> list[dict[str, Any]]:
    """Each version with where it stands and by which versions it came from the source."""
    return [
        {
            "reference": item.reference,
            "stage": item.stage,
            "aliases": list(item.aliases),
            "deployments": [asdict(one) for one in item.deployments],
            "via": list(item.via),
        }
        for item in descendants
    ]


def _version(item: Traced) -> dict[str, Any]:
    manifest, origin = item.manifest, item.origin
    return {
        "reference": item.reference,
        "stage": item.stage,
        "aliases": list(item.aliases),
        "created_at": manifest.created_at,
        "created_by": manifest.created_by,
        "sha256": manifest.artifact.sha256,
        "data": [asdict(one) for one in origin.data],
        "features": asdict(origin.features) if origin.features else None,
        "code": asdict(origin.code) if origin.code else None,
        "run": asdict(origin.run) if origin.run else None,
        "framework": dict(manifest.framework),
        "environment": dict(manifest.environment),
        "parents": list(origin.parents),
        "imported": as_mapping(item.imported),
    }
