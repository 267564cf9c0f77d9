"""The catalog's home: every model, a page of them at a time, and lists of those with something in common."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from rollbook.web.catalog.pages.catalog_page import Page
from rollbook.web.catalog.pages.model_filters import HEALTH_WORDS, model_filters
from rollbook.web.catalog.pages.page_paths import SEARCH
from rollbook.web.catalog.rendering import rendered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rollbook.web.catalog.facts.model_summary import ModelSummary
    from rollbook.web.catalog.facts.overview import Overview
    from rollbook.web.catalog.pages.model_filters import FilterKind, ModelFilter

_A_PAGE = 200
_SHOWN = 8  # lists of each kind on the home page; the others are a page away
_FILTERS = "by/"


@dataclass(frozen=True, slots=True)
class ListedPart:
    """A part of a long list, which takes a page: its models, its number of how many, and the paths of the
    list's first page and, with a number in the place of `{}`, of the others."""

    models: Sequence[ModelSummary]
    number: int
    count: int
    first: str
    rest: str

    @property
    def path(self) -> str:
        """Where its page stands."""
        return self.first if self.number == 1 else self.rest.format(self.number)


def home_pages(overview: Overview) -> Iterator[Page]:
    """Yield the pages that list models: home, what follows it, those of each filter, and that of search."""
    kinds = model_filters(overview)
    for part in _parts(overview.models, ""):
        yield Page(part.path, partial(_home, overview, kinds, part))
    settled = replace(overview, frame=replace(overview.frame, commit="", dates=()))
    for kind in kinds:
        for one in kind.filters:
            for part in _parts(one.models, one.path):
                yield Page(part.path, partial(_filtered, settled, one, part), _inputs(overview, one, part))
    yield Page(
        _FILTERS, partial(_all_filters, overview, kinds, _FILTERS, "Models by what they have in common")
    )
    yield Page(SEARCH, partial(_all_filters, overview, kinds, SEARCH, "Search"))


def _inputs(overview: Overview, one: ModelFilter, part: ListedPart) -> str:
    """Return what a list of models depends on: who is in it, and how each is today."""
    told = [(model, overview.health[model.name]) for model in part.models]
    text = repr((overview.stages, one.kind, one.value, len(one.models), part.number, part.count, told))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _parts(models: Sequence[ModelSummary], first: str) -> Iterator[ListedPart]:
    count = max(1, -(-len(models) // _A_PAGE))
    for number in range(1, count + 1):
        part = models[(number - 1) * _A_PAGE : number * _A_PAGE]
        yield ListedPart(part, number, count, first, f"{first}page/{{}}/")


def _home(overview: Overview, kinds: Sequence[FilterKind], part: ListedPart) -> str:
    return rendered(
        "home.html",
        part.path,
        overview.frame,
        title="Models" if part.number == 1 else f"Models, page {part.number}",
        overview=overview,
        kinds=kinds,
        most=_SHOWN,
        filters=_FILTERS,
        part=part,
        ill=next((one for kind in kinds for one in kind.filters if one.value == HEALTH_WORDS["bad"]), None),
        versions=sum(model.versions for model in overview.models),
        serving=sum(bool(model.in_production) for model in overview.models),
    )


def _filtered(overview: Overview, one: ModelFilter, part: ListedPart) -> str:
    return rendered(
        "filtered.html",
        part.path,
        overview.frame,
        title=f"{one.kind.capitalize()}: {one.value}",
        crumbs=[("All lists", _FILTERS)],
        overview=overview,
        part=part,
        one=one,
    )


def _all_filters(overview: Overview, kinds: Sequence[FilterKind], path: str, title: str) -> str:
    return rendered("filters.html", path, overview.frame, title=title, kinds=kinds)
