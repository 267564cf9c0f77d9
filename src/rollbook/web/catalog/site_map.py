"""Which pages a catalog has, and what makes each: the site writes them all, the service one at a time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rollbook.errors import NotFound
from rollbook.names import is_model_name
from rollbook.registry.model_folders import model_names
from rollbook.web.catalog.audit_page import audit_pages
from rollbook.web.catalog.catalog_facts import catalog_facts
from rollbook.web.catalog.catalog_page import Page
from rollbook.web.catalog.home_page import home_pages
from rollbook.web.catalog.overview import overview
from rollbook.web.catalog.page_paths import REQUESTS
from rollbook.web.catalog.record_pages import data_set_pages, pages_of_model
from rollbook.web.catalog.requests_page import requests_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.api.public_registry import Registry
    from rollbook.web.catalog.catalog_facts import CatalogFacts


def pages(registry: Registry, facts: CatalogFacts | None = None) -> Iterator[Page]:
    """Return every page of a registry's catalog; `facts` is what they share, where it is known already."""
    shared = facts or catalog_facts(registry)
    yield from _pages_of_all(registry)
    yield from data_set_pages(shared)
    for name in model_names(registry.snapshot):
        yield from pages_of_model(shared, name)


def page_at(registry: Registry, path: str, facts: CatalogFacts | None = None) -> Page:
    """Return the page at an address below the catalog's home; `facts` is as for `pages`. Raises NotFound
    where there is none."""
    wanted = "".join(f"{part}/" for part in path.split("/") if part)
    for page in _nearby(registry, wanted, facts):
        if page.path == wanted:
            return page
    raise NotFound(f"the catalog has no page {path[:200]!r}")


def _nearby(registry: Registry, wanted: str, facts: CatalogFacts | None) -> Iterator[Page]:
    """Yield the pages among which the one at an address must be."""
    match wanted.strip("/").split("/"):
        case ["models", *parts] if parts:
            shared = facts or catalog_facts(registry)
            for length in (2, 1):
                name = "/".join(parts[:length])
                if len(parts) >= length and is_model_name(name) and registry.has_model(name):
                    yield from pages_of_model(shared, name)
        case ["data", *_]:
            yield from data_set_pages(facts or catalog_facts(registry))
        case _:
            yield from _pages_of_all(registry)


def _pages_of_all(registry: Registry) -> Iterator[Page]:
    """Yield the pages that are about all models."""
    gathered = overview(registry)
    yield from home_pages(gathered)
    yield Page(REQUESTS, partial(requests_page, gathered))
    yield from audit_pages(registry, gathered)
