"""Writing the catalog to a folder, for any host of static files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.web.catalog.catalog_assets import every_asset
from rollbook.web.catalog.catalog_facts import catalog_facts
from rollbook.web.catalog.record_pages import choice_files
from rollbook.web.catalog.search_index import search_entry, search_files
from rollbook.web.catalog.site_map import pages

if TYPE_CHECKING:
    from pathlib import Path

    from rollbook.api.public_registry import Registry


@dataclass(frozen=True, slots=True)
class BuiltSite:
    """A catalog that was written: of which commit, and how many pages it has."""

    commit: str | None
    pages: int


def build_site(registry: Registry, directory: Path) -> BuiltSite:
    """Write the catalog of a registry to `directory`; return what was written."""
    registry.require()
    facts = catalog_facts(registry)
    every_page = [*pages(registry, facts)]
    for page in every_page:
        target = directory / page.path / "index.html"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(page.make(), encoding="utf-8")
    found = search_files(search_entry(model) for model in registry.models())
    for path, content in {**every_asset(), **found, **choice_files(facts)}.items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return BuiltSite(registry.snapshot.commit, len(every_page))
