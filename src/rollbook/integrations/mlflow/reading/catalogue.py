"""What main holds, in MLflow's terms: registered models, and their versions by number.

Nothing here needs MLflow: `entities` makes MLflow's own objects of it.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.errors import BadCall, InvalidFile, NotFound, nearest
from rollbook.integrations.mlflow.reading.kept_facts import KeptFacts
from rollbook.names import LATEST, is_model_name, is_version, normalise_version
from rollbook.registry.listing import model_trees
from rollbook.registry.registry import Registry
from rollbook.snapshot.tree_snapshot import TreeSnapshot, commit_snapshot
from rollbook.text import printable
from rollbook.trail.registrations import Registered, Registrations, registrations
from rollbook.transfer.mlflow.model_names import folder_name
from rollbook.transfer.mlflow.stage_names import MLFLOW_STAGES, policy_stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rollbook.git.repository import Repository
    from rollbook.integrations.mlflow.reading.model_entry import ModelEntry, NumberedVersion
    from rollbook.records.policy import Policy
    from rollbook.registry.model_version import ModelVersion as RegistryVersion
    from rollbook.registry.registry import Model

_MOST_CATALOGUES = 4
# mlflow.utils.validation: what it takes for the name of an alias, and what no model's name has in it.
_ALIAS, _LONGEST_ALIAS, _IN_NO_NAME = re.compile(r"[\w-]+"), 255, "/:"
_logger = logging.getLogger(__name__)


def require_name(name: object) -> None:
    """Raise BadCall for what MLflow takes for no name of a model, as its newest version has it."""
    if not isinstance(name, str) or not name.strip():
        raise BadCall("a model's name is missing")
    if any(char in name for char in _IN_NO_NAME):
        raise BadCall(f"{name[:80]!r} can't be a model's name: MLflow takes no '/' or ':' in it")


class Catalogue:
    """The models at one commit of main, and in which order their versions were registered."""

    def __init__(
        self,
        registry: Registry,
        snapshot: TreeSnapshot,
        registered: Registrations,
        kept: KeptFacts,
        require_name: Callable[[object], None],
    ) -> None:
        self.registry = registry
        self.registered = registered
        self._require_name = require_name
        self._snapshot = snapshot
        self._kept = kept
        self._entries: dict[str, ModelEntry] = {}
        self._listed: dict[str, ModelEntry | InvalidFile] | None = None
        self._policy: Policy | None = None

    # What is there

    def entry(self, name: str) -> ModelEntry:
        """Return the model that MLflow's users call so. Raises NotFound, InvalidFile when its files can't be
        read; BadCall for what MLflow takes for no name."""
        entry = self._entries.get(name)
        return entry or self._found(name)

    def entries(self) -> list[ModelEntry]:
        """Return every model whose files can be read, by its name in the registry; of the others it is
        logged why they are left out."""
        if self._listed is None:
            with self._kept.lock:
                trees, namespaces = self._trees()
                self._kept.plain_trees = dict.fromkeys(set(trees.values()) - namespaces)
                ordered = {name: trees[name] for name in sorted(trees)}
                self._listed = self._kept.entries(self._snapshot, self.registered, ordered)
        for entry in self._listed.values():
            if isinstance(entry, InvalidFile):
                _left_out(entry)
        return [
            entry
            for entry in self._listed.values()
            if not isinstance(entry, InvalidFile) and not entry.facts.is_deleted
        ]

    def versions(self, entry: ModelEntry) -> list[NumberedVersion]:
        """Return those versions of a model whose files can be read; of the others it is logged why not."""
        versions, broken = entry.versions()
        for error in broken:
            _left_out(error)
        return versions

    @property
    def policy(self) -> Policy:
        """The registry's rules. Raises NotFound, InvalidFile."""
        if self._policy is None:
            with self._kept.lock:
                (data,) = self._snapshot.read_many([layout.POLICY])
                self._policy = (
                    self.registry.policy if data is None else self._kept.policy(data, layout.POLICY)
                )
        return self._policy

    def model(self, name: str) -> Model:
        """Return the registry's model that MLflow's users call so. Raises as `entry` does."""
        return self.registry.model(self.entry(name).facts.name)

    def numbered(self, name: str, version: str | int) -> tuple[RegistryVersion, Registered]:
        """Return the registry's version that a number stands for, or its own name. Raises NotFound, BadCall
        for what is neither."""
        entry = self.entry(name)
        found = entry.version(_asked(version))
        registered = entry.registered(found.number)
        return self.registry.model(entry.facts.name).version(registered.version), registered

    def version(self, name: str, version: str | int) -> NumberedVersion:
        """Return the version that a number stands for, or its own name. Raises NotFound, InvalidFile, BadCall
        for what is neither."""
        return self.entry(name).version(_asked(version))

    def aliased_version(self, name: str, alias: str) -> NumberedVersion:
        """Return the version that an alias points to; `latest` is the one of the highest number. Raises
        NotFound without versions, BadCall without such an alias."""
        entry = self.entry(name)
        if not _ALIAS.fullmatch(alias) or len(alias) > _LONGEST_ALIAS:
            raise BadCall(f"{alias[:80]!r} can't be the name of an alias")
        if alias.lower() == LATEST:
            newest = max(entry.latest, key=lambda one: one.number, default=None)
            if newest is None:
                raise NotFound(f"{entry.name} has no versions yet")
            return newest
        aliases = entry.facts.stages.aliases
        if alias not in aliases:
            raise BadCall(f"{entry.name} has no alias {alias[:80]!r}", hint=nearest(alias, [*aliases]))
        return entry.version(aliases[alias])

    def latest_versions(self, name: str, stages: list[str] | None) -> list[NumberedVersion]:
        """Return the newest version in each of these stages, all without any. A stage may also be called by
        the name of a version, or of an alias, as in `models:/churn/1.2.0`.

        Raises NotFound, InvalidFile, BadCall for what is none of these.
        """
        entry = self.entry(name)
        if not stages:
            return [*entry.latest]
        found = (one for stage in stages for one in self._standing(entry, stage))
        return [*{one.number: one for one in found}.values()]

    def readable_latest(self, entry: ModelEntry) -> list[NumberedVersion]:
        """Return the newest version in each stage of a model among others: without those whose files can't be
        read, of which it is logged why."""
        readable = []
        for one in entry.newest:
            if isinstance(one, InvalidFile):
                _left_out(one)
            else:
                readable.append(one)
        return readable

    def _trees(self) -> tuple[dict[str, str], set[str]]:
        """Return what `model_trees` does; for whoever holds the lock of what is kept."""
        (top,) = self._snapshot.subtrees([layout.ROOT])
        return model_trees(self._snapshot, top, self._kept.plain_trees)

    def _found(self, name: str) -> ModelEntry:
        if not isinstance(name, str) or not is_model_name(name):
            self._require_name(name)
        entry = self._read(name)
        if entry is None or entry.name != name or entry.facts.is_deleted:
            with self._kept.lock:
                trees, _ = self._trees()
            raise NotFound(f"there is no model {name[:80]!r}", hint=nearest(name[:80], sorted(trees)))
        self._entries[name] = entry
        return entry

    def _read(self, name: str) -> ModelEntry | None:
        try:
            model = folder_name(name)
        except BadCall:  # none can be called so
            return None
        with self._kept.lock:
            (directories,) = self._snapshot.children([layout.versions_directory(model)])
            tree = self._snapshot.tree_id(layout.model_directory(model))
            if tree is None or not (directories or self.registry.has_model(model)):
                return None
            entry = self._kept.entries(self._snapshot, self.registered, {model: tree})[model]
        if isinstance(entry, InvalidFile):
            raise entry
        return entry

    def _standing(self, entry: ModelEntry, stage: str) -> Iterator[NumberedVersion]:
        """Yield the newest version in a stage; or the version of that name, or of that alias."""
        policy = self.policy
        try:
            wanted = policy_stage(policy, stage)
        except BadCall:
            aliases = entry.facts.stages.aliases
            if stage in aliases:
                yield entry.version(aliases[stage])
            elif is_version(stage.removeprefix("v")):
                yield entry.version(normalise_version(stage))
            elif stage.casefold() not in MLFLOW_STAGES:
                raise
            return
        first = policy.first_stage.name
        yield from (one for one in entry.latest if (one.stage or first) == wanted)


def _asked(version: str | int) -> str | int:
    """Return a version's number, or its own name. Raises BadCall for what is neither."""
    if isinstance(version, str) and is_version(version.removeprefix("v")):
        return normalise_version(version)
    try:
        return int(version)
    except (TypeError, ValueError, OverflowError):
        shown = repr(version)[:40]
        raise BadCall(
            f"{shown} is no number of a version",
            hint="Give its number, such as 3, or its name, such as 1.2.0.",
        ) from None


def _left_out(error: InvalidFile) -> None:
    _logger.warning("left out: %s", printable(str(error)))


class KeptCatalogues:
    """The catalogues of one repository that were asked for last, for all threads that ask. `require_name`
    refuses what can be no model's name: by the rule of the MLflow that asks, where one is here."""

    def __init__(self, repository: Repository, require_name: Callable[[object], None] = require_name) -> None:
        self._repository = repository
        self._require_name = require_name
        self._kept = KeptFacts()
        self._last: tuple[Catalogue, ...] = ()
        self._snapshot: TreeSnapshot | None = None

    def at(self, commit: str) -> Catalogue:
        """Return the models as they stand in `commit`, the id of main's or of one that builds on it.

        Only what differs from what was asked for last is read. Raises NotFound when there is no such commit,
        CannotTell as `registrations` does.
        """
        found = self._among(commit)
        if found is not None:
            return found
        with self._kept.lock:
            found = self._among(commit)
            if found is None:
                found = self._made(commit)
                self._last = (found, *self._last)[:_MOST_CATALOGUES]
            return found

    def _among(self, commit: str) -> Catalogue | None:
        return next((one for one in self._last if one.registered.tip == commit), None)

    def _made(self, commit: str) -> Catalogue:
        if self._snapshot is None:
            self._snapshot = commit_snapshot(self._repository, commit)
        # One process reads the files of all commits.
        snapshot = self._snapshot.at(commit)
        registered = registrations(
            self._repository, commit, [catalogue.registered for catalogue in self._last]
        )
        registry = Registry(self._repository, snapshot)
        return Catalogue(registry, snapshot, registered, self._kept, self._require_name)
