"""What a listing tells of each model, remembered by the id of the model's tree.

A tree's id stands for all that is in it, so what is remembered of one is true for ever; only the models that
have changed are read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rollbook import __version__, layout
from rollbook.cache.memory import LISTING
from rollbook.names import is_model_name
from rollbook.registry.model_folders import folders, may_be_models, models_among
from rollbook.registry.registry import newest
from rollbook.registry.version_files import removed_among

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rollbook.registry.registry import Model, Registry
    from rollbook.snapshot.snapshot import Snapshot

# Another version of Rollbook may make something else of the same files.
_LISTING = replace(LISTING, format=f"{LISTING.format} {__version__}")
# How many models' rows are kept beside those of the last listing: of other commits that were listed.
_MOST_OTHERS = 2_000


@dataclass(frozen=True, slots=True)
class Listed:
    """A model: its versions, oldest first; who holds which stage (stage, version), in the order of
    the file; its aliases; and those versions in a stage whose artifact is removed."""

    name: str
    versions: Sequence[str]
    held: Sequence[Sequence[str]]
    aliases: Mapping[str, str]
    removed: Sequence[str]

    @property
    def latest(self) -> str | None:
        """The newest version, a release before a pre-release; None without versions."""
        return newest(self.versions)

    def holders(self, stage: str) -> list[str]:
        """The versions in a stage, in the order of the file. One whose artifact is removed is in none."""
        return [version for held, version in self.held if held == stage and version not in self.removed]


def listing(registry: Registry) -> list[Listed]:
    """Every model, sorted by name. Raises InvalidFile for stages that can't be read."""
    snapshot = registry.snapshot
    outer = snapshot.subtrees([layout.ROOT])
    if outer is None:
        return _listed(registry, registry.models())
    known = _read(_LISTING.read(registry.repository))
    trees, namespaces = _model_trees(snapshot, outer[0], known)
    new = [name for name, tree in trees.items() if tree not in known]
    rows = {trees[item.name]: _row(item) for item in _listed(registry, registry.models_named(new))}
    if rows:
        current = {tree: rows.get(tree) or known[tree] for tree in trees.values()}
        others = [tree for tree in known if tree not in current][-_MOST_OTHERS:]
        kept = {tree: known[tree] for tree in others}
        kept |= {tree: row for tree, row in current.items() if tree not in namespaces}
        _LISTING.write(registry.repository, json.dumps(kept, separators=(",", ":")).encode())
        known = current
    return [Listed(name, *known[trees[name]]) for name in sorted(trees)]


def _read(body: bytes | None) -> dict[str, list[Any]]:
    if body is None:
        return {}
    known: dict[str, list[Any]] = json.loads(body)
    return known


def _row(item: Listed) -> list[Any]:
    return [item.versions, item.held, item.aliases, item.removed]


def _listed(registry: Registry, models: Iterable[Model]) -> list[Listed]:
    models = list(models)
    removed = removed_among(
        registry.snapshot,
        ((model.name, entry.version) for model in models for entry in model.stages.entries),
    )
    return [
        Listed(
            model.name,
            list(model.version_names),
            [[entry.stage, entry.version] for entry in model.stages.entries],
            dict(model.stages.aliases),
            sorted(version for name, version in removed if name == model.name) if removed else [],
        )
        for model in models
    ]


def _model_trees(
    snapshot: Snapshot, outer: Mapping[str, str], known: Mapping[str, object]
) -> tuple[dict[str, str], set[str]]:
    """The id of each model's tree, by the model's name; and the trees in which there may be other models.

    A tree that is known is a model's, and holds no other's.
    """
    listed = folders(snapshot, (name for name, tree in outer.items() if tree not in known))
    namespaces = [name for name, inside in listed.items() if may_be_models(inside)]
    below = snapshot.subtrees([layout.model_directory(name) for name in namespaces]) or ()
    inner = {
        f"{namespace}/{name}": tree
        for namespace, inside in zip(namespaces, below, strict=True)
        for name, tree in inside.items()
    }
    listed |= folders(snapshot, (name for name, tree in inner.items() if tree not in known))
    models = models_among(snapshot, listed)
    trees = {**outer, **inner}
    found = {name: tree for name, tree in trees.items() if name in models or tree in known}
    return (
        {name: tree for name, tree in found.items() if is_model_name(name)},
        {trees[name] for name, inside in listed.items() if may_be_models(inside)},
    )
