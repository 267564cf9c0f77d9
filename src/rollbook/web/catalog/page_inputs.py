"""What the pages of a site depend on, as digests: where one stays the same, so does what is made of it."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.web.catalog.catalog_assets import every_asset
from rollbook.web.catalog.lineage_graph import GENERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from importlib.resources.abc import Traversable

    from rollbook.web.catalog.catalog_facts import CatalogFacts
    from rollbook.web.catalog.version_sources import VersionSources

# Files outside of the models' folders that pages tell of, or that gates judge by.
_SHARED_FILES = (
    layout.POLICY,
    layout.ALLOWED_SIGNERS,
    layout.CARD_TEMPLATE,
    ".dvc/config",
    layout.CODEOWNERS,
)


def digest(*parts: object) -> str:
    """Return the SHA-256 of some values, each by what its `repr` tells."""
    return hashlib.sha256("\n".join(map(repr, parts)).encode(errors="surrogatepass")).hexdigest()


def shared_inputs(facts: CatalogFacts) -> str:
    """Return what all pages of models and data sets depend on: Rollbook, its templates and assets, what stands
    around a page, and the files beside the models. Gates are judged by the day, so the day is part of it where
    any are."""
    is_judged = facts.circumstances is not None
    today = datetime.now(UTC).date().isoformat() if is_judged else ""
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
    """Return what the pages of each model depend on: its files, its events, what is proposed for it, and what
    the lineage of its versions reaches in other models."""
    models = [*models]
    rows = _rows_by_model(facts.versions)
    reach = _within_reach(facts.versions)
    trees = _trees(facts, models)
    inputs = {}
    for model in models:
        near = sorted(reach.get(model, {model}))
        events = [tag.oid for tag in (facts.events or {}).get(model, ())]
        proposed = list(facts.requests.get(model, ()))
        inputs[model] = digest(trees[model], events, proposed, [(one, rows.get(one)) for one in near])
    return inputs


def data_set_inputs(facts: CatalogFacts) -> str:
    """Return what the pages of data sets depend on: the lineage of every version."""
    return digest(*sorted(_rows_by_model(facts.versions).items()))


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


def _rows_by_model(versions: VersionSources) -> dict[str, str]:
    """Return a digest of what is known of the lineage of each model's versions."""
    rows: dict[str, list[object]] = defaultdict(list)
    for reference, stage in versions.stages.items():
        model = reference.rpartition("@")[0]
        deployed = versions.deployments.get(reference, ())
        rows[model].append((reference, stage, versions.sources.get(reference, ()), deployed))
    return {model: digest(told) for model, told in rows.items()}


def _within_reach(versions: VersionSources) -> dict[str, set[str]]:
    """Return the models to which the lineage of each leads, itself included, as far as pages show it."""
    beside: dict[str, set[str]] = defaultdict(set)
    for parent, children in versions.children.items():
        one = parent.rpartition("@")[0]
        for child in children:
            other = child.rpartition("@")[0]
            if one != other:
                beside[one].add(other)
                beside[other].add(one)
    reach = {}
    for model in beside:
        found, edge = {model}, {model}
        for _ in range(GENERATIONS + 1):
            edge = {other for one in edge for other in beside.get(one, ())} - found
            found |= edge
        reach[model] = found
    return reach
