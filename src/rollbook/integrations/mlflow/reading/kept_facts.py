"""What was read of models and versions, kept in the process by the ids of their trees, which can't change.

Of each model and each version only what was read last is kept, so no more is held than the registry has.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.errors import InvalidFile
from rollbook.integrations.mlflow.reading.model_entry import ModelEntry
from rollbook.integrations.mlflow.reading.version_facts import (
    ModelFacts,
    VersionFacts,
    model_facts,
    version_facts,
    version_paths,
)
from rollbook.records.policy import parse_policy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.records.policy import Policy
    from rollbook.snapshot.tree_snapshot import TreeSnapshot
    from rollbook.trail.registrations import ModelLandings, Registrations

# Versions whose files are read together: what is held of them at once is bounded.
_AT_ONCE = 1_000
_PATHS = 3


class KeptFacts:
    """The facts of one repository's models and versions, for all threads that ask."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        # The ids of trees that are models' and hold no other model.
        self.plain_trees: Mapping[str, object] = {}
        self._models: dict[str, tuple[str, ModelFacts | InvalidFile]] = {}
        self._versions: dict[str, dict[str, tuple[str, VersionFacts | InvalidFile]]] = {}
        self._entries: dict[str, ModelEntry] = {}
        self._policy: tuple[bytes, Policy] | None = None

    def entries(
        self, snapshot: TreeSnapshot, registered: Registrations, trees: Mapping[str, str]
    ) -> dict[str, ModelEntry | InvalidFile]:
        """Return the models whose trees these are in a snapshot, by name; an InvalidFile for what can't be
        read."""
        with self.lock:
            new = [name for name, tree in trees.items() if self._models.get(name, ("",))[0] != tree]
            self._read_models(snapshot, {name: trees[name] for name in new})
            return {name: self._entry(snapshot, name, registered.landings(name)) for name in trees}

    def policy(self, data: bytes, path: str) -> Policy:
        """Return what a policy says. Raises InvalidFile."""
        if self._policy is None or self._policy[0] != data:
            self._policy = data, parse_policy(data, path)
        return self._policy[1]

    def _entry(self, snapshot: TreeSnapshot, name: str, landings: ModelLandings) -> ModelEntry | InvalidFile:
        facts = self._models[name][1]
        if isinstance(facts, InvalidFile):
            return facts
        entry = self._entries.get(name)
        if entry is None or entry.facts is not facts or entry.landings is not landings:
            entry = self._entries[name] = ModelEntry(
                facts, landings, lambda model, trees: self._read_versions(snapshot, model, trees)
            )
        return entry

    def _read_models(self, snapshot: TreeSnapshot, trees: Mapping[str, str]) -> None:
        names = list(trees)
        records = _contents(snapshot, [layout.model_path(name) for name in names])
        stages = _contents(snapshot, [layout.stages_path(name) for name in names])
        versions = snapshot.subtrees([layout.versions_directory(name) for name in names])
        for name, record, table, inside in zip(names, records, stages, versions, strict=True):
            facts: ModelFacts | InvalidFile
            try:
                facts = model_facts(name, _there(record), _there(table), inside)
            except InvalidFile as error:
                facts = error
            self._models[name] = trees[name], facts

    def _read_versions(
        self, snapshot: TreeSnapshot, model: str, trees: Mapping[str, str]
    ) -> Mapping[str, VersionFacts | InvalidFile]:
        with self.lock:
            kept = self._versions.setdefault(model, {})
            new = [name for name, tree in trees.items() if kept.get(name, ("",))[0] != tree]
            for start in range(0, len(new), _AT_ONCE):
                part = new[start : start + _AT_ONCE]
                for name, facts in zip(part, _facts(snapshot, model, part), strict=True):
                    kept[name] = trees[name], facts
            return {name: kept[name][1] for name in trees}


def _facts(snapshot: TreeSnapshot, model: str, versions: Sequence[str]) -> list[VersionFacts | InvalidFile]:
    paths = [path for version in versions for path in version_paths(model, version)]
    contents = _contents(snapshot, paths)
    told: list[VersionFacts | InvalidFile] = []
    for place, version in enumerate(versions):
        manifest, notes, removal = contents[place * _PATHS : (place + 1) * _PATHS]
        try:
            told.append(version_facts(model, version, _there(manifest), _there(notes), _there(removal)))
        except InvalidFile as error:
            told.append(error)
    return told


def _contents(snapshot: TreeSnapshot, paths: Sequence[str]) -> list[bytes | InvalidFile | None]:
    """Return the content of each file; an InvalidFile for what is larger than a file of a registry may be."""
    # Another snapshot, for which folders were kept that nobody asks for again, would be held with the facts.
    reading = snapshot.at(snapshot.treeish)
    try:
        return [*reading.read_many(paths)]
    except InvalidFile:
        return [_content(reading, path) for path in paths]


def _content(snapshot: TreeSnapshot, path: str) -> bytes | InvalidFile | None:
    try:
        (data,) = snapshot.read_many([path])
    except InvalidFile as error:
        return error
    return data


def _there(content: bytes | InvalidFile | None) -> bytes | None:
    if isinstance(content, InvalidFile):
        raise content
    return content
