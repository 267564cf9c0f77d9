"""What every version came from and what came from it, of all models at once, by the index."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from rollbook.insight.lineage.indexed_use import deployed_by_model
from rollbook.insight.query.index.lookup import ask
from rollbook.names import PRODUCTION
from rollbook.registry.deployments import newest

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

    from rollbook.registry.deployments import Deployment
    from rollbook.registry.registry import Registry

DATA_KINDS = ("data", "data-source")
_VERSIONS = (
    "SELECT v.id, m.name, v.version, v.stage, f.created_at FROM version AS v JOIN model AS m"
    " ON m.id = v.model_id LEFT JOIN manifest AS f ON f.version_id = v.id ORDER BY m.name, v.sort_key"
)
# All that one version came from as one text: very few of them are looked at one by one.
_SOURCES = (
    "SELECT version_id, json_group_array(json_array(kind, coalesce(name, ''), coalesce(version, ''),"
    " coalesce(uri, ''), coalesce(digest, ''), rows, coalesce(role, ''))) FROM"
    " (SELECT * FROM source ORDER BY version_id, kind, position) GROUP BY version_id"
)
_NAMED = (
    "SELECT coalesce(s.name, ''), coalesce(s.version, ''), s.version_id FROM source AS s"
    " JOIN version AS v ON v.id = s.version_id JOIN model AS m ON m.id = v.model_id"
    " WHERE s.kind IN ({}) ORDER BY m.name, v.sort_key, s.kind, s.position"
)
_PARENTS = _NAMED.format("'parent'")
_DATA = _NAMED.format(", ".join(f"'{kind}'" for kind in DATA_KINDS))
_REPLACEMENTS = (
    "SELECT m.name, e.replacement FROM stage_entry AS e JOIN model AS m ON m.id = e.model_id"
    " WHERE e.replacement != '' ORDER BY m.name, e.position"
)


class Source(NamedTuple):
    """One thing that a version came from: its `kind` (`data`, `data-source`, `features`, `code`, `run`,
    `parent`), its name and version (of code: the repository and the commit), where it is, and its digest;
    `role` is what it was for, or what made it. What is not given is empty."""

    kind: str
    name: str
    version: str
    uri: str
    digest: str
    rows: int | None
    role: str

    @property
    def text(self) -> str:
        """Return what it is called in one line."""
        if self.kind == "run":
            return f"{self.name} {self.version}".strip()
        version = self.version[:12] if self.kind == "code" else self.version
        return f"{self.name}@{version}" if self.name and version else self.name or f"@{version}"

    @property
    def data_set(self) -> str:
        """Return the name that a data set's page goes by: its own, or `@VERSION` where nothing but that is
        given."""
        return _data_set(self.name, self.version)


def _data_set(name: str, version: str) -> str:
    return name or f"@{version}"


@dataclass(frozen=True)
class VersionSources:
    """By reference (`churn@1.0.0`): the stage of every version (None: the first), what it came from as JSON
    (see `sources_of`), and where it is deployed. `children` are the versions that name one as their parent,
    `data_sets` by name those that saw one themselves; `replacements` are what each model's entries name in
    the place of its versions."""

    stages: Mapping[str, str | None]
    created: Mapping[str, str]
    told_sources: Mapping[str, str]
    deployments: Mapping[str, Sequence[Deployment]]
    replacements: Mapping[str, Sequence[str]]
    children: Mapping[str, Sequence[str]]
    data_sets: Mapping[str, Sequence[str]]

    def sources_of(self, reference: str) -> list[Source]:
        """Return what a version came from."""
        return [Source(*told) for told in json.loads(self.told_sources.get(reference, "[]"))]

    @cached_property
    def _next_to(self) -> Mapping[str, Sequence[str]]:
        """The parents and children of those versions that have any."""
        next_to: dict[str, list[str]] = defaultdict(list)
        for parent, children in self.children.items():
            next_to[parent] += children
            for child in children:
                next_to[child].append(parent)
        return next_to

    def ways_from(self, references: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
        """Return all that came from these versions, themselves included, by the shortest way: the versions in
        between, the nearest to the source first."""
        ways: dict[str, tuple[str, ...]] = dict.fromkeys(references, ())
        generation = [*ways]
        while generation:
            following = []
            for parent in generation:
                for child in self.children.get(parent, ()):
                    if child not in ways:
                        ways[child] = (*ways[parent], parent)
                        following.append(child)
            generation = following
        return ways

    def near(self, references: Iterable[str], generations: int) -> list[str]:
        """Return these versions, and those that so many generations at most lead to, back or forward;
        sorted."""
        seen = {*references}
        generation = seen
        for _ in range(generations):
            lists = [self._next_to[reference] for reference in generation if reference in self._next_to]
            generation = {*chain.from_iterable(lists)} - seen
            seen |= generation
        return sorted(seen)

    def production_first(self, references: Iterable[str]) -> list[str]:
        """Return versions in an order for readers: those in production, then in another stage, then the
        others; each by model, the newest first."""
        return sorted(references, key=self._weight)

    def _weight(self, reference: str) -> tuple[int, str, tuple[int, ...]]:
        model, _, version = reference.rpartition("@")
        stage = self.stages.get(reference)
        weight = 0 if stage == PRODUCTION else 1 if stage is not None else 2
        return weight, model, _descending(version)


def _descending(version: str) -> tuple[int, ...]:
    return tuple(-int(part) if part.isdigit() else 0 for part in version.partition("-")[0].split("."))


def version_sources(registry: Registry) -> VersionSources:
    """Return what every version of a registry came from. A file that can't be read tells nothing."""
    return ask(registry, _read)


def _read(connection: sqlite3.Connection) -> VersionSources:
    stages: dict[str, str | None] = {}
    created: dict[str, str] = {}
    references: dict[int, str] = {}
    for number, model, version, stage, created_at in connection.execute(_VERSIONS):
        reference = references[number] = f"{model}@{version}"
        stages[reference] = stage
        created[reference] = created_at or ""
    told = {references[number]: sources for number, sources in connection.execute(_SOURCES)}
    children: dict[str, list[str]] = defaultdict(list)
    for parent, _, number in connection.execute(_PARENTS):
        children[parent].append(references[number])
    seen: dict[str, dict[str, None]] = defaultdict(dict)
    for name, version, number in connection.execute(_DATA):
        seen[_data_set(name, version)][references[number]] = None
    data_sets = {name: [*seen[name]] for name in sorted(seen)}
    deployments = {
        reference: deployed
        for told_of_model in deployed_by_model(connection).values()
        for reference, deployed in newest(told_of_model).items()
    }
    replacements: dict[str, list[str]] = defaultdict(list)
    for model, replacement in connection.execute(_REPLACEMENTS):
        replacements[model].append(replacement)
    return VersionSources(stages, created, told, deployments, dict(replacements), dict(children), data_sets)
