"""Which pages a catalog has, and what makes each: the site writes them all, the service one at a time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rollbook.errors import NotFound
from rollbook.web.catalog.audit_page import audit_pages
from rollbook.web.catalog.catalog_page import Page
from rollbook.web.catalog.home_page import home_pages
from rollbook.web.catalog.model_page import model_page
from rollbook.web.catalog.overview import overview
from rollbook.web.catalog.page_paths import REQUESTS, model_page_path
from rollbook.web.catalog.requests_page import requests_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.api.public_registry import Registry


def pages(registry: Registry) -> Iterator[Page]:
    """Return every page of a registry's catalog."""
    yield from _pages_of_all(registry)
    for listed in registry.list():
        yield _model(registry, listed.model)


def page_at(registry: Registry, path: str) -> Page:
    """Return the page at an address below the catalog's home. Raises NotFound where there is none."""
    match path.strip("/").split("/"):
        case ["models", *name] if name and registry.has_model("/".join(name)):
            return _model(registry, "/".join(name))
        case parts:
            wanted = "".join(f"{part}/" for part in parts if part)
            for page in _pages_of_all(registry):
                if page.path == wanted:
                    return page
    raise NotFound(f"the catalog has no page {path!r}")


def _pages_of_all(registry: Registry) -> Iterator[Page]:
    """Yield the pages that are about all models."""
    gathered = overview(registry)
    yield from home_pages(gathered)
    yield Page(REQUESTS, partial(requests_page, gathered))
    yield from audit_pages(registry, gathered)


def _model(registry: Registry, name: str) -> Page:
    return Page(model_page_path(name), lambda: model_page(registry, name))
