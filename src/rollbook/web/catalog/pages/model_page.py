"""A model: what stands where, its versions, how their metrics went, and what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.web.catalog.facts.model_facts import model_facts
from rollbook.web.catalog.facts.told_values import told_mapping
from rollbook.web.catalog.pages.page_paths import compare_page_path, model_page_path
from rollbook.web.catalog.rendering import rendered

if TYPE_CHECKING:
    from rollbook.web.catalog.facts.catalog_facts import CatalogFacts

_MOST_ENTRIES = 30


def model_page(facts: CatalogFacts, name: str) -> str:
    """Return the page of a model. Raises NotFound for an unknown one, InvalidFile where its stages can't be
    read."""
    told = model_facts(facts, facts.registry.model(name))
    entries = facts.timeline(name).entries
    return rendered(
        "model.html",
        model_page_path(name),
        facts.frame,
        title=name,
        told=told,
        record=told.record,
        tags=told_mapping(told.record.tags) if told.record else [],
        model=name,
        known=facts.versions.stages,
        compare_path=compare_page_path(name) if len(told.model.version_names) > 1 else "",
        entries=entries[:_MOST_ENTRIES],
        entries_left_out=max(0, len(entries) - _MOST_ENTRIES),
        requests=facts.requests.get(name, ()),
        told_mapping=told_mapping,
        version_count=len(told.model.version_names),
    )
