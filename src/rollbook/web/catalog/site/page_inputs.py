"""What the pages of a site depend on, as digests: where one stays the same, so does what is made of it."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.web.catalog.catalog_assets import every_asset
from rollbook.web.catalog.pages.catalog_page import digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from importlib.resources.abc import Traversable

    from rollbook.web.catalog.facts.catalog_facts import CatalogFacts

# Files outside of the models' folders that pages tell of, or that gates judge by.
_SHARED_FILES = (
    layout.POLICY,
    layout.ALLOWED_SIGNERS,
    layout.CARD_TEMPLATE,
    ".dvc/config",
    layout.CODEOWNERS,
)


def shared_inputs(facts: CatalogFacts) -> str:
    """Return what all pages of models and data sets depend on: Rollbook, its templates and assets, what
    stands around a page, and the files beside the models. Gates are judged by the day, so the day is part of
    it where any are."""
    today = datetime.now(UTC).date().isoformat() if facts.are_gates_judged else ""
    shared = facts.registry.snapshot.read_many(_SHARED_FILES)
    return digest(
        sorted(every_asset()), _templates_digest(), facts.frame, facts.address, today,
        [content and hashlib.sha256(content).hexdigest() for content in shared],
    )  # fmt: skip


def _templates_digest() -> str:
    return digest(*sorted(_texts(files("rollbook.web.catalog").joinpath("templates"))))


def _texts(folder: Traversable) -> Iterable[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from ((f"{entry.name}/{name}", text) for name, text in _texts(entry))
        else:
            yield entry.name, entry.read_bytes()


def model_inputs(facts: CatalogFacts, models: Iterable[str]) -> dict[str, str]:
    """Return what the pages of each model depend on: its files, and what they take from what all pages
    share."""
    models = [*models]
    trees = _trees(facts, models)
    return {model: digest(trees[model], facts.inputs_of(model)) for model in models}


def _trees(facts: CatalogFacts, models: Iterable[str]) -> Mapping[str, object]:
    snapshot = facts.registry.snapshot
    by_parent: dict[str, list[str]] = defaultdict(list)
    for model in models:
        by_parent[layout.model_directory(model).rpartition("/")[0]].append(model)
    parents = sorted(by_parent)
    found = snapshot.subtrees(parents)
    if found is None:  # no git tree: nothing tells cheaply whether a file changed
        return {model: object() for model in models}
    return {
        model: trees.get(model.rpartition("/")[2])
        for parent, trees in zip(parents, found, strict=True)
        for model in by_parent[parent]
    }
