"""The catalog's home: every model, a page of them at a time, and lists of those with something in common."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from rollbook.web.catalog.pages.catalog_page import Page, digest
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
    settled = replace(overview, frame=replace(overview.frame, commit="", dates=()))
    told = {model.name: digest(model, overview.health[model.name]) for model in overview.models}

    def inputs(part: ListedPart, *beside: object) -> str:
        """Return what a list of models depends on: who is in it, and how each is today."""
        listed = [told[model.name] for model in part.models]
        return digest(overview.stages, part.number, part.count, listed, *beside)

    counts = [(kind.kind, one.value, len(one.models)) for kind in kinds for one in kind.filters]
    first, *others = _parts(overview.models, "")
    yield Page(first.path, partial(_home, overview, kinds, first))
    for part in others:
        yield Page(part.path, partial(_home, settled, kinds, part), partial(inputs, part, counts))
    for kind in kinds:
        for one in kind.filters:
            for part in _parts(one.models, one.path):
                shown = partial(inputs, part, one.kind, one.value, len(one.models))
                yield Page(part.path, partial(_filtered, settled, one, part), shown)
    yield Page(
        _FILTERS, partial(_all_filters, overview, kinds, _FILTERS, "Models by what they have in common")
    )
    yield Page(SEARCH, partial(_all_filters, overview, kinds, SEARCH, "Search"))


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
