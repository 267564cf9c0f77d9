"""Versions of a model side by side: those that matter most, or two to six that somebody chose."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall, RollbookError
from rollbook.insight.compare.comparison import default_versions
from rollbook.web.catalog.facts.model_facts import MOST_VERSIONS
from rollbook.web.catalog.facts.told_values import told_size, told_value
from rollbook.web.catalog.pages.page_paths import compare_page_path, model_page_path, version_choices_path
from rollbook.web.catalog.rendering import rendered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.registry.registry import Model
    from rollbook.web.catalog.facts.catalog_facts import CatalogFacts

FEWEST, MOST = 2, 6


def compare_page(facts: CatalogFacts, model: str, versions: Sequence[str] = ()) -> str:
    """Return the page that puts versions of a model side by side; without any, those that `compare` takes,
    and the newest besides where these are too few.

    Raises BadCall for one version or more than six, NotFound for an unknown one, InvalidFile for a broken
    file.
    """
    chosen = [*dict.fromkeys(versions)]
    if chosen and not FEWEST <= len(chosen) <= MOST:
        raise BadCall(
            f"{FEWEST} to {MOST} versions are compared here, not {len(chosen)}",
            hint="`rollbook compare` takes any number.",
        )
    owner = facts.registry.model(model)
    comparison = facts.registry.compare(model, chosen or _default(owner))
    compared = [item.version for item in comparison.versions]
    choices = [*dict.fromkeys([*_choices(owner), *compared])]
    return rendered(
        "compare.html",
        compare_page_path(model),
        facts.frame,
        title="Compare versions",
        crumbs=[(model, model_page_path(model))],
        model=model,
        comparison=comparison,
        compared=compared,
        choices=choices,
        choices_path=version_choices_path(model),
        older=len(owner.version_names) - len(choices),
        fewest=FEWEST,
        most=MOST,
        told_size=told_size,
        told_value=_told,
    )


def _default(model: Model) -> list[str]:
    """Return what `compare` takes without any version named, and the newest besides where these are too
    few."""
    newest = reversed(model.version_names[-FEWEST:])
    return [*dict.fromkeys([*default_versions(model), *newest])][:MOST]


def _choices(model: Model) -> list[str]:
    """Return the versions that a reader can choose from: the newest, and those compared without a choice."""
    newest = reversed(model.version_names[-MOST_VERSIONS:])
    return [*dict.fromkeys([*newest, *_default(model)])]


def _told(value: Any) -> str:
    if value is None:
        return "\u2013"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else told_value(value)


def version_choices(facts: CatalogFacts, model: str) -> str:
    """Return the file by which a browser puts any versions of a model side by side: of the newest, what is
    compared, as JSON."""
    owner = facts.registry.model(model)
    told = []
    for version in owner.versions(_choices(owner)):
        try:
            manifest = version.manifest
            stage = version.stage
        except RollbookError:  # the model's page says what is wrong with it
            continue
        told.append(
            {
                "version": version.version,
                "stage": stage,
                "created_at": manifest.created_at,
                "size": manifest.artifact.size,
                "metrics": {
                    name: value
                    for name, value in manifest.metrics.items()
                    if isinstance(value, int | float) and abs(value) < 1e308
                },
                "hyperparameters": {
                    name: told_value(value) for name, value in manifest.hyperparameters.items()
                },
            }
        )
    return json.dumps({"model": model, "versions": told}, ensure_ascii=True, allow_nan=False)
