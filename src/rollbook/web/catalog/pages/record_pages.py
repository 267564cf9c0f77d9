"""The pages about one model, its versions, and data sets. Where a file is broken, the page says so
instead."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rollbook.errors import RollbookError
from rollbook.web.catalog.pages.broken_page import broken_page
from rollbook.web.catalog.pages.catalog_page import Page
from rollbook.web.catalog.pages.compare_page import compare_page, version_choices
from rollbook.web.catalog.pages.data_set_page import (
    data_set_inputs,
    data_set_page,
    data_sets_inputs,
    data_sets_page,
)
from rollbook.web.catalog.pages.model_page import model_page
from rollbook.web.catalog.pages.page_paths import (
    DATA_SETS,
    compare_page_path,
    data_set_page_path,
    model_page_path,
    version_choices_path,
    version_page_path,
)
from rollbook.web.catalog.pages.version_page import version_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rollbook.web.catalog.facts.catalog_facts import CatalogFacts


def pages_of_model(facts: CatalogFacts, name: str) -> Iterator[Page]:
    """Yield the pages about a model: its own, one of each version, and the one that compares versions."""
    above = [(name, model_page_path(name))]
    yield _told(facts, model_page_path(name), name, [], partial(model_page, facts, name))
    try:
        versions = facts.registry.model(name).version_names
    except RollbookError:  # the model's page says what is wrong
        return
    for version in versions:
        path = version_page_path(name, version)
        yield _told(facts, path, version, above, partial(version_page, facts, name, version))
    if len(versions) > 1:
        path = compare_page_path(name)
        yield _told(facts, path, "Compare versions", above, partial(compare_page, facts, name))
        # By this file a browser puts other versions side by side.
        yield Page(version_choices_path(name), partial(version_choices, facts, name))


def data_set_pages(facts: CatalogFacts) -> Iterator[Page]:
    """Yield the index of data sets, and the page of each."""
    yield Page(DATA_SETS, partial(data_sets_page, facts), partial(data_sets_inputs, facts))
    for name in facts.versions.data_sets:
        inputs = partial(data_set_inputs, facts, name)
        yield Page(data_set_page_path(name), partial(data_set_page, facts, name), inputs)


def _told(
    facts: CatalogFacts, path: str, title: str, crumbs: list[tuple[str, str]], make: Callable[[], str]
) -> Page:
    def page() -> str:
        try:
            return make()
        except RollbookError as error:
            return broken_page(facts.frame, path, title, crumbs, error)

    return Page(path, page)
