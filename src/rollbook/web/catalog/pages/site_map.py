"""Which pages a catalog has, and what makes each: the site writes them all, the service one at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from rollbook.errors import NotFound
from rollbook.names import is_model_name
from rollbook.registry.model_folders import model_names
from rollbook.web.catalog.facts.catalog_facts import CatalogFacts, catalog_facts
from rollbook.web.catalog.facts.overview import Overview, overview
from rollbook.web.catalog.pages.audit_page import audit_pages
from rollbook.web.catalog.pages.catalog_page import Page
from rollbook.web.catalog.pages.home_page import home_pages
from rollbook.web.catalog.pages.page_frame import page_frame
from rollbook.web.catalog.pages.page_paths import REQUESTS
from rollbook.web.catalog.pages.record_pages import data_set_pages, pages_of_model
from rollbook.web.catalog.pages.requests_page import requests_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rollbook.api.public_registry import Registry
    from rollbook.trail.tag import RecordedTag
    from rollbook.web.catalog.facts.model_health import GatesToday
    from rollbook.web.catalog.facts.model_summary import ModelSummary
    from rollbook.web.catalog.facts.trail_standing import TrailStanding
    from rollbook.web.catalog.pages.page_frame import PageFrame


@dataclass(frozen=True)
class SiteMap:
    """Every page of a registry's catalog. What they share is found once, when the first page needs it.

    `frame` stands around the pages about all models. Around those of a model or a data set it names no
    commit, so that they stay as they are while something else changes. `summaries` are those of all models,
    where somebody knows them already; `gates` what today's say of those of which somebody does, `events` all
    of the trail, and `trail` tells how it stands.
    """

    registry: Registry
    frame: PageFrame
    summaries: Sequence[ModelSummary] | None = None
    gates: Mapping[str, GatesToday] | None = None
    events: Sequence[RecordedTag] | None = None
    trail: Callable[[], TrailStanding] | None = None

    @cached_property
    def facts(self) -> CatalogFacts:
        """What the pages of models and data sets share."""
        frame = replace(self.frame, commit="", dates=())
        return catalog_facts(self.registry, self.frame.as_of, frame, self.events)

    @cached_property
    def overview(self) -> Overview:
        """What the pages about all models share."""
        trail = self.trail() if self.trail else None
        return overview(
            self.registry, frame=self.frame, summaries=self.summaries, gates=self.gates, trail=trail
        )

    def pages(self) -> Iterator[Page]:
        """Yield every page."""
        yield from self.pages_of_all()
        yield from data_set_pages(self.facts)
        for name in model_names(self.registry.snapshot):
            yield from pages_of_model(self.facts, name)

    def pages_of_all(self) -> Iterator[Page]:
        """Yield the pages that are about all models, home first."""
        yield from home_pages(self.overview)
        yield Page(REQUESTS, partial(requests_page, self.overview))
        yield from audit_pages(self.registry, self.overview, events=self.events)

    @cached_property
    def _by_path(self) -> dict[str, Page]:
        """The pages that are not about one model, by path without the last slash."""
        found = [*self.pages_of_all(), *data_set_pages(self.facts)]
        return {page.path.rstrip("/"): page for page in found}

    def page_at(self, path: str) -> Page:
        """Return the page at an address below the catalog's home. Raises NotFound where there is none."""
        wanted = "/".join(part for part in path.split("/") if part)
        if wanted.startswith("models/"):
            for page in self._of_model(wanted.split("/")[1:]):
                if page.path.rstrip("/") == wanted:
                    return page
        elif wanted in self._by_path:
            return self._by_path[wanted]
        raise NotFound(f"the catalog has no page {path[:200]!r}")

    def _of_model(self, parts: Sequence[str]) -> Iterator[Page]:
        """Yield the pages of the models that an address may be below."""
        for length in (2, 1):
            name = "/".join(parts[:length])
            if len(parts) >= length and is_model_name(name) and self.registry.has_model(name):
                yield from pages_of_model(self.facts, name)


def site_map(registry: Registry, as_of: str = "") -> SiteMap:
    """Return the pages of a registry's catalog; `as_of` is the date that they are of, where it is of the
    past."""
    return SiteMap(registry, page_frame(registry, as_of))


def pages(registry: Registry) -> Iterator[Page]:
    """Return every page of a registry's catalog."""
    return site_map(registry).pages()


def page_at(registry: Registry, path: str) -> Page:
    """Return the page at an address below the catalog's home. Raises NotFound where there is none."""
    return site_map(registry).page_at(path)
