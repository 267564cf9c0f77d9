"""What every version came from and what came from it, of all models at once, by the index."""

from __future__ import annotations

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
    "SELECT m.name, v.version, v.stage, f.created_at FROM version AS v JOIN model AS m ON m.id = v.model_id"
    " LEFT JOIN manifest AS f ON f.version_id = v.id ORDER BY m.name, v.sort_key"
)
_SOURCES = (
    "SELECT m.name || '@' || v.version, s.kind, coalesce(s.name, ''), coalesce(s.version, ''),"
    " coalesce(s.uri, ''), coalesce(s.digest, ''), s.rows, coalesce(s.role, '') FROM source AS s"
    " JOIN version AS v ON v.id = s.version_id JOIN model AS m ON m.id = v.model_id"
    " ORDER BY m.name, v.sort_key, s.kind, s.position"
)
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
        return self.name or f"@{self.version}"


@dataclass(frozen=True)
class VersionSources:
    """By reference (`churn@1.0.0`): the stage of every version (None: the first), what it came from, and
    where it is deployed. `replacements` are what each model's entries name in the place of its versions."""

    stages: Mapping[str, str | None]
    created: Mapping[str, str]
    sources: Mapping[str, Sequence[Source]]
    deployments: Mapping[str, Sequence[Deployment]]
    replacements: Mapping[str, Sequence[str]]

    @cached_property
    def children(self) -> Mapping[str, Sequence[str]]:
        """The versions that name a version as their parent."""
        children: dict[str, list[str]] = defaultdict(list)
        for reference, sources in self.sources.items():
            for source in sources:
                if source.kind == "parent":
                    children[source.name].append(reference)
        return children

    @cached_property
    def _next_to(self) -> Mapping[str, Sequence[str]]:
        """The parents and children of those versions that have any."""
        next_to: dict[str, list[str]] = defaultdict(list)
        for parent, children in self.children.items():
            next_to[parent] += children
            for child in children:
                next_to[child].append(parent)
        return next_to

    @cached_property
    def data_sets(self) -> Mapping[str, Mapping[str, Sequence[Source]]]:
        """By the name of each data set: which versions saw it themselves, and as what."""
        seen: dict[str, dict[str, list[Source]]] = defaultdict(lambda: defaultdict(list))
        for reference, sources in self.sources.items():
            for source in sources:
                if source.kind in DATA_KINDS:
                    seen[source.data_set][reference].append(source)
        return {name: seen[name] for name in sorted(seen)}

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
    for model, version, stage, created_at in connection.execute(_VERSIONS):
        stages[f"{model}@{version}"] = stage
        created[f"{model}@{version}"] = created_at or ""
    sources: dict[str, list[Source]] = defaultdict(list)
    for reference, *source in connection.execute(_SOURCES):
        sources[reference].append(Source(*source))
    deployments = {
        reference: deployed
        for told in deployed_by_model(connection).values()
        for reference, deployed in newest(told).items()
    }
    replacements: dict[str, list[str]] = defaultdict(list)
    for model, replacement in connection.execute(_REPLACEMENTS):
        replacements[model].append(replacement)
    return VersionSources(stages, created, dict(sources), deployments, dict(replacements))
