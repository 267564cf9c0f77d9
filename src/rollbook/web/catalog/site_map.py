"""Which pages a catalog has, and what makes each: the site writes them all, the service one at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.errors import NotFound
from rollbook.web.catalog.home_page import home_page
from rollbook.web.catalog.model_page import model_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rollbook.api.public_registry import Registry


@dataclass(frozen=True, slots=True)
class Page:
    """A page: where it stands, as a folder's address below the catalog's home, and what makes its HTML."""

    path: str
    make: Callable[[], str]


def pages(registry: Registry) -> Iterator[Page]:
    """Return every page of a registry's catalog."""
    yield Page("", lambda: home_page(registry))
    for listed in registry.list():
        yield _model(registry, listed.model)


def page_at(registry: Registry, path: str) -> Page:
    """Return the page at an address below the catalog's home. Raises NotFound where there is none."""
    match path.strip("/").split("/"):
        case [""]:
            return Page("", lambda: home_page(registry))
        case ["models", *name] if name and registry.has_model("/".join(name)):
            return _model(registry, "/".join(name))
    raise NotFound(f"the catalog has no page {path!r}")


def _model(registry: Registry, name: str) -> Page:
    return Page(f"models/{name}/", lambda: model_page(registry, name))
