"""A version: what it is, whether it may go on, where it comes from, and how to get it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.web.catalog.card_markup import card_markup
from rollbook.web.catalog.facts.fetch_ways import fetch_ways, verification_ways
from rollbook.web.catalog.facts.told_values import MOST_ROWS, told_mapping, told_size, told_value
from rollbook.web.catalog.facts.version_facts import version_facts
from rollbook.web.catalog.pages.page_paths import model_page_path, version_page_path
from rollbook.web.catalog.rendering import rendered

if TYPE_CHECKING:
    from rollbook.web.catalog.facts.catalog_facts import CatalogFacts


def version_page(facts: CatalogFacts, model: str, version: str) -> str:
    """Return the page of a version. Raises NotFound for an unknown one, InvalidFile for a broken file."""
    told = version_facts(facts, facts.registry.model(model).version(version))
    subject = told.version
    manifest = subject.manifest
    return rendered(
        "version.html",
        version_page_path(model, version),
        facts.frame,
        title=version,
        crumbs=[(model, model_page_path(model))],
        told=told,
        model=model,
        known=facts.versions.stages,
        version=version,
        manifest=manifest,
        stage=subject.stage,
        entry=subject.entry,
        deprecation=subject.deprecation,
        removal=told.removal,
        imported=told.imported,
        description=told.notes.description or manifest.description,
        tags=told_mapping({**manifest.tags, **told.notes.tags}),
        size=told_size(manifest.artifact.size),
        hyperparameters=told_mapping(manifest.hyperparameters),
        environment=told_mapping(manifest.environment),
        training=told_mapping(manifest.training),
        contents=told_mapping(manifest.artifact.contents),
        pipeline=told_mapping(manifest.feature_pipeline),
        preprocessing=[told_value(step) for step in manifest.preprocessing[:MOST_ROWS]],
        metrics=[*manifest.metrics.items()][:MOST_ROWS],
        ways=fetch_ways(subject, facts.address) if told.removal is None else [],
        verification=verification_ways(subject, is_signed=told.signed is not None),
        timeline_entries=facts.timeline(model).by_version.get(version, ()),
        has_trail=facts.events is not None,
        card=card_markup(told.card) if told.card else "",
        told_mapping=told_mapping,
        told_size=told_size,
    )
