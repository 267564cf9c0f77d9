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
from rollbook.errors import InvalidFile
from rollbook.names import is_model_name
from rollbook.records.manifest import parse_manifest
from rollbook.records.model import parse_model
from rollbook.registry.model_folders import folders, may_be_models, model_names, models_among
from rollbook.registry.registry import newest
from rollbook.registry.version_files import removed_among

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rollbook.records.policy import Policy
    from rollbook.registry.list_filter import ListFilter
    from rollbook.registry.registry import Model, Registry
    from rollbook.snapshot.snapshot import Snapshot

# Another version of Rollbook may make something else of the same files.
_LISTING = replace(LISTING, format=f"{LISTING.format} {__version__}")
# How many models' rows are kept beside those of the last listing: of other commits that were listed.
_MOST_OTHERS = 2_000
_ALL = 5  # what is remembered of a model: the last of it is its facts, which are read when they are asked for


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a model's file says of it, and when its newest version was registered; empty where nothing
    tells."""

    owner: str
    team: str
    task: str
    tags: Mapping[str, str]
    created: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A model: its versions, oldest first; who holds which stage (stage, version), in the order of
    the file; its aliases; those versions in a stage whose artifact is removed; and its facts, where asked
    for."""

    name: str
    versions: Sequence[str]
    held: Sequence[Sequence[str]]
    aliases: Mapping[str, str]
    removed: Sequence[str]
    facts: ModelFacts | None = None

    @property
    def latest(self) -> str | None:
        """The newest version, a release before a pre-release; None without versions."""
        return newest(self.versions)

    def holders(self, stage: str) -> list[str]:
        """Return the versions in a stage, in the order of the file. One whose artifact is removed is in
        none.
        """
        return [
            version
            for entry_stage, version in self.held
            if entry_stage == stage and version not in self.removed
        ]


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model, its newest version, its versions from old to new, who holds each stage but the first, and its
    aliases. A version whose artifact is removed is in no stage. `registry` is the address of its registry,
    where several are listed."""

    model: str
    latest: str | None
    versions: Sequence[str]
    stages: Mapping[str, Sequence[str]]
    aliases: Mapping[str, str]
    registry: str = ""

    def as_document(self) -> dict[str, Any]:
        """Return the model as JSON data."""
        own = {
            "model": self.model,
            "latest": self.latest,
            "versions": list(self.versions),
            "stages": dict(self.stages),
            "aliases": dict(self.aliases),
        }
        return {"registry": self.registry, **own} if self.registry else own


@dataclass(frozen=True, slots=True)
class ListedVersion:
    """A version of a model, its stage, and whether its artifact is removed."""

    version: str
    stage: str
    aliases: Sequence[str]
    created_at: str
    created_by: str
    metrics: Mapping[str, float]
    removed: bool


def listed_models(registry: Registry, wanted: ListFilter | None = None) -> list[ListedModel]:
    """Return every model, sorted by name, with its stages; or those that are wanted, in that order.

    Raises NotFound where there is no registry, and for no stage of the policy.
    """
    policy = registry.policy
    listed: Sequence[Listed] = listing(registry, with_facts=wanted is not None and wanted.needs_facts)
    if wanted is not None:
        listed = wanted.models(listed, policy)
    return [_with_stages(item, policy) for item in listed]


def readable_models(
    registry: Registry, wanted: ListFilter, *, among: Callable[[Listed], bool] | None = None
) -> tuple[list[ListedModel], dict[str, str]]:
    """Return what `listed_models` does, of those models alone whose files can be read, and why each of the
    others can't be, by its name. `among` narrows what is wanted further; it is told the models' facts.

    Raises NotFound as `listed_models` does, and InvalidFile for a policy that can't be read.
    """
    policy = registry.policy
    with_facts = among is not None or wanted.needs_facts
    broken: dict[str, str] = {}
    try:
        items = listing(registry, with_facts=with_facts)
    except InvalidFile:
        items = []
        for name in model_names(registry.snapshot):
            try:
                items += _listed(registry, registry.models_named([name]), with_facts=with_facts)
            except InvalidFile as error:
                broken[name] = str(error)
    chosen = items if among is None else [item for item in items if among(item)]
    return [_with_stages(item, policy) for item in wanted.models(chosen, policy)], broken


def _with_stages(item: Listed, policy: Policy) -> ListedModel:
    stages = {stage.name: item.holders(stage.name) for stage in policy.stages[1:]}
    return ListedModel(item.name, item.latest, item.versions, stages, item.aliases)


def listed_model(model: Model) -> ListedModel:
    """Return a model with its stages. Raises NotFound where there is no registry."""
    (item,) = _listed(model.registry, [model], with_facts=False)
    return _with_stages(item, model.registry.policy)


def listed_versions(
    model: Model, names: Sequence[str] | None = None, wanted: ListFilter | None = None
) -> list[ListedVersion]:
    """Return the versions of a model, or those of these names, newest first; or those that are wanted, in
    that order.

    Raises InvalidFile for a manifest that can't be read, NotFound for no stage of the policy.
    """
    names = model.version_names if names is None else names
    items = model.versions(names)
    removed = removed_among(model.registry.snapshot, ((model.name, version) for version in names))
    listed = [
        ListedVersion(
            item.version,
            item.stage,
            item.aliases,
            item.manifest.created_at,
            item.manifest.created_by,
            item.manifest.metrics,
            (model.name, item.version) in removed,
        )
        for item in items[::-1]
    ]
    if wanted is None:
        return listed
    by_name = {item.version: item for item in items}

    def tags(version: str) -> Mapping[str, str]:
        return {**by_name[version].manifest.tags, **by_name[version].notes().tags}

    return wanted.versions(listed, tags, model.registry.policy)


def listing(registry: Registry, *, with_facts: bool = False) -> list[Listed]:
    """Every model, sorted by name. Raises InvalidFile for stages that can't be read, and with the facts for
    models and manifests that can't be.
    """
    snapshot = registry.snapshot
    outer = snapshot.subtrees([layout.ROOT])
    if outer is None:
        return _listed(registry, registry.models(), with_facts=with_facts)
    cached_rows = _read(_LISTING.read(registry.repository))
    trees, namespaces = model_trees(snapshot, outer[0], cached_rows)
    told = _ALL if with_facts else _ALL - 1
    new = [name for name, tree in trees.items() if len(cached_rows.get(tree, ())) < told]
    listed = _listed(registry, registry.models_named(new), with_facts=with_facts)
    rows = {trees[item.name]: _row(item) for item in listed}
    if rows:
        current = {tree: rows.get(tree) or cached_rows[tree] for tree in trees.values()}
        others = [tree for tree in cached_rows if tree not in current][-_MOST_OTHERS:]
        kept = {tree: cached_rows[tree] for tree in others}
        kept |= {tree: row for tree, row in current.items() if tree not in namespaces}
        _LISTING.write(registry.repository, json.dumps(kept, separators=(",", ":")).encode())
        cached_rows = current
    return [_from_row(name, cached_rows[trees[name]]) for name in sorted(trees)]


def _read(body: bytes | None) -> dict[str, list[Any]]:
    if body is None:
        return {}
    rows: dict[str, list[Any]] = json.loads(body)
    return rows


def _row(item: Listed) -> list[Any]:
    facts = item.facts
    told = [] if facts is None else [[facts.owner, facts.team, facts.task, facts.tags, facts.created]]
    return [item.versions, item.held, item.aliases, item.removed, *told]


def _from_row(name: str, row: Sequence[Any]) -> Listed:
    versions, held, aliases, removed, *told = row
    return Listed(name, versions, held, aliases, removed, ModelFacts(*told[0]) if told else None)


def _facts(registry: Registry, models: Sequence[Model]) -> list[ModelFacts]:
    records = registry.snapshot.read_many([layout.model_path(model.name) for model in models])
    newest_versions = [newest(model.version_names) for model in models]
    manifests = iter(
        registry.snapshot.read_many(
            [
                layout.manifest_path(model.name, version)
                for model, version in zip(models, newest_versions, strict=True)
                if version is not None
            ]
        )
    )
    facts = []
    for model, data, version in zip(models, records, newest_versions, strict=True):
        record = parse_model(data, layout.model_path(model.name)) if data is not None else None
        manifest = None if version is None else next(manifests)
        created = ""
        if version is not None and manifest is not None:
            created = parse_manifest(manifest, layout.manifest_path(model.name, version)).created_at
        tags = {name: str(value) for name, value in record.tags.items()} if record else {}
        owned = (record.owner, record.team, record.task) if record else ("", "", "")
        facts.append(ModelFacts(*owned, tags, created))
    return facts


def _listed(registry: Registry, models: Iterable[Model], *, with_facts: bool) -> list[Listed]:
    models = list(models)
    facts: Sequence[ModelFacts | None] = _facts(registry, models) if with_facts else [None] * len(models)
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
            told,
        )
        for model, told in zip(models, facts, strict=True)
    ]


def model_trees(
    snapshot: Snapshot, outer: Mapping[str, str], known: Mapping[str, object]
) -> tuple[dict[str, str], set[str]]:
    """Return the id of each model's tree, by the model's name; and the trees in which there may be other
    models.

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
    model_trees = {name: tree for name, tree in trees.items() if name in models or tree in known}
    return (
        {name: tree for name, tree in model_trees.items() if is_model_name(name)},
        {trees[name] for name, inside in listed.items() if may_be_models(inside)},
    )
