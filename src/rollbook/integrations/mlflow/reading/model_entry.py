"""One model at a commit of main as MLflow asks of it: its versions by number, by stage and by alias."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Protocol

from rollbook.errors import InvalidFile, NotFound, nearest
from rollbook.names import time_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.integrations.mlflow.reading.version_facts import ModelFacts, VersionFacts
    from rollbook.trail.registrations import ModelLandings, Registered

_MS = 1000
_MOST_SHOWN = 40


class NumberedVersion(NamedTuple):
    """A version, the number that MLflow calls it by, its stage (empty: the policy's first), and when it was
    made and changed (milliseconds since 1970). `name` is what MLflow's users call the model."""

    name: str
    number: int
    facts: VersionFacts
    stage: str
    created: int
    updated: int
    aliases: list[str]


class FactsReader(Protocol):
    """Reads what the files of versions say, each by the id of its tree; an InvalidFile for what can't be
    read."""

    def __call__(self, model: str, trees: Mapping[str, str]) -> Mapping[str, VersionFacts | InvalidFile]: ...


@dataclass
class ModelEntry:
    """A model's own facts, when it landed, and how its versions are read."""

    facts: ModelFacts
    landings: ModelLandings
    read: FactsReader

    @property
    def name(self) -> str:
        """What MLflow's users call the model."""
        return self.facts.told_name

    @property
    def created(self) -> int:
        """When the model landed, in milliseconds since 1970."""
        return self.landings.at * _MS

    @property
    def updated(self) -> int:
        """When the model, its stages or the list of its versions changed last, in milliseconds since 1970."""
        return max(self.landings.at, self.landings.changed_at) * _MS

    @cached_property
    def _by_name(self) -> dict[str, Registered]:
        """The versions that are there, by their own names, in the order of their numbers."""
        return {one.version: one for one in self.landings.versions if one.version in self.facts.trees}

    @cached_property
    def _by_number(self) -> dict[int, Registered]:
        return {one.number: one for one in self._by_name.values()}

    @cached_property
    def _stages(self) -> dict[str, tuple[str, int]]:
        """Which stage each version is in that the file of stages names, and since when."""
        stages: dict[str, tuple[str, int]] = {}
        for entry in self.facts.stages.entries:
            stages.setdefault(entry.version, (entry.stage, time_seconds(entry.requested_at)))
        return stages

    @cached_property
    def _aliases(self) -> dict[str, list[str]]:
        aliases: dict[str, list[str]] = {}
        for alias, version in sorted(self.facts.stages.aliases.items()):
            aliases.setdefault(version, []).append(alias)
        return aliases

    def registered(self, version: str | int) -> Registered:
        """Return which version a number stands for, or a version's own name. Raises NotFound."""
        found = self._by_name.get(version) if isinstance(version, str) else self._by_number.get(version)
        if found is None:
            text = str(version)[:_MOST_SHOWN]
            known = [*map(str, self._by_number), *self._by_name]
            raise NotFound(f"{self.name} has no version {text!r}", hint=nearest(text, known))
        return found

    def version(self, version: str | int) -> NumberedVersion:
        """Return the version of a number, or of its own name. Raises NotFound, InvalidFile when its files
        can't be read."""
        registered = self.registered(version)
        name = registered.version
        facts = self.read(self.facts.name, {name: self.facts.trees[name]})[name]
        if isinstance(facts, InvalidFile):
            raise facts
        if facts.is_deleted:
            raise NotFound(f"{self.name} has no version {registered.number}: it was deleted")
        return self._numbered(registered, facts)

    def versions(self) -> tuple[list[NumberedVersion], list[InvalidFile]]:
        """Return every version in the order of their numbers, and what can't be read of others."""
        return self._all

    @cached_property
    def _all(self) -> tuple[list[NumberedVersion], list[InvalidFile]]:
        told = self.read(self.facts.name, {name: self.facts.trees[name] for name in self._by_name})
        versions: list[NumberedVersion] = []
        broken: list[InvalidFile] = []
        for name, registered in self._by_name.items():
            facts = told[name]
            if isinstance(facts, InvalidFile):
                broken.append(facts)
            elif not facts.is_deleted:
                versions.append(self._numbered(registered, facts))
        return versions, broken

    @property
    def latest(self) -> Sequence[NumberedVersion]:
        """The newest version in each stage, in the order in which the stages first come among the versions.
        Raises InvalidFile when one of these can't be read."""
        for one in self.newest:
            if isinstance(one, InvalidFile):
                raise one
        return [one for one in self.newest if not isinstance(one, InvalidFile)]

    @cached_property
    def newest(self) -> Sequence[NumberedVersion | InvalidFile]:
        """What `latest` tells; where the newest in a stage can't be read, why: no older one stands for it."""
        newest: dict[str, NumberedVersion | InvalidFile | None] = dict.fromkeys(
            map(self._stage, self._by_name)
        )
        missing = set(newest)
        for name in reversed(self._by_name):
            stage = self._stage(name)
            if stage not in missing:
                continue
            try:
                newest[stage] = self.version(name)
            except NotFound:  # it was deleted
                continue
            except InvalidFile as error:
                newest[stage] = error
            missing.remove(stage)
            if not missing:
                break
        return [one for one in newest.values() if one is not None]

    def aliased(self) -> Iterator[tuple[str, int]]:
        """Yield each alias that points to a version which is there, with the version's number."""
        for alias, name in self.facts.stages.aliases.items():
            if name in self._by_name:
                yield alias, self._by_name[name].number

    def _stage(self, version: str) -> str:
        return self._stages.get(version, ("", 0))[0]

    def _numbered(self, registered: Registered, facts: VersionFacts) -> NumberedVersion:
        stage, moved_at = self._stages.get(registered.version, ("", 0))
        created = facts.created or registered.at
        return NumberedVersion(
            self.name,
            registered.number,
            facts,
            stage,
            created * _MS,
            max(created, moved_at, registered.changed_at) * _MS,
            self._aliases.get(registered.version, []),
        )
