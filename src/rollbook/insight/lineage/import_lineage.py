"""Where a version was brought from, as lineage tells it: other registries, and the parents there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollbook.records.imported import Imported, ImportSource


def imports(imported: Imported | None) -> list[str]:
    """Return a text on each registry that a version was brought from, the nearest first."""
    if imported is None:
        return []
    reference = f"{imported.model}@{imported.version}"
    return [_told(reference, source) for source in imported.sources]


def vouched(source: ImportSource) -> str:
    """Who vouches for what a registry says of a version."""
    if source.signed_by:
        return f"signed by {source.signed_by}"
    return "signed, and nobody vouched for the key" if source.registration.signed else "not signed"


def home_of_parents(imported: Imported | None) -> str:
    """Return the registry whose versions an imported version's manifest names; empty for one that was not
    imported.

    That is where it was registered first, and its manifest written.
    """
    return imported.sources[-1].registry if imported else ""


def missing_parent(imported: Imported | None) -> str:
    """Return what is to be said of a version's parent that this registry does not have."""
    first = home_of_parents(imported)
    return f"in {first}, not in this registry" if first else "not in this registry"


def _told(reference: str, source: ImportSource) -> str:
    registration = source.registration
    return f"from {source.registry}  {reference}  tag {registration.object[:12]}  ({vouched(source)})"
