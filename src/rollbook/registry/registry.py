"""The registry in a snapshot: models, their versions, stages and aliases. Everything here is read-only.

with Registry.open(".") as registry:
    version = registry.model("credit-approval").stage("production")

`rollbook.api` has the same registry with every verb of the command line.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from rollbook import layout
from rollbook.errors import BadCall, InvalidFile, NotFound, nearest
from rollbook.git.repository import Repository, discover
from rollbook.names import (
    LATEST,
    Reference,
    is_version,
    names_model_alone,
    normalise_version,
    parse_reference,
    precedence,
    require_model_name,
)
from rollbook.records.model import parse_model
from rollbook.records.policy import parse_policy
from rollbook.records.stages import StageTable, parse_stages
from rollbook.registry.main_branch import any_main_commit, main_branch
from rollbook.registry.model_folders import model_names, models_of
from rollbook.registry.model_version import ModelVersion
from rollbook.snapshot.tree_snapshot import commit_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rollbook.records.model import ModelRecord
    from rollbook.records.policy import Policy
    from rollbook.snapshot.snapshot import Snapshot


Kept = TypeVar("Kept")
# Models, and versions of each, that a registry which stays open keeps ready.
_KEPT = 256


class Registry:
    """The models of one snapshot of one repository, or of a snapshot without one, such as an index."""

    def __init__(self, repository: Repository | None, snapshot: Snapshot | None = None) -> None:
        self._repository = repository
        if snapshot is not None:
            self.snapshot = snapshot
        self._models: dict[str, Model] = {}

    @cached_property
    def snapshot(self) -> Snapshot:
        """The files that are read; where none were given, those of the commit checked out when they are
        first asked for. Raises NotFound when there is no commit yet."""
        return commit_snapshot(self.repository, "HEAD")

    def make_model(self, name: str, versions: Sequence[str], stages: StageTable) -> Model:
        """Make the object for one model, of the class that goes with this registry's."""
        return Model(self, name, versions, stages)

    @classmethod
    def open(cls, directory: str | Path = ".", *, rev: str | None = None, at: str | None = None) -> Self:
        """Return the registry of the repository around `directory`, working or bare.

        By default that of the commit checked out; with `rev`, of that branch, tag or commit; with `at`, as
        the main branch stood at that date (`2026-03-01` means the end of that day, UTC). Raises BadCall
        when there is no repository or the date can't be read, NotFound when there is no such commit.
        """
        return cls._of(discover(Path(directory)), rev, at)

    @classmethod
    def _of(cls, repository: Repository, rev: str | None, at: str | None) -> Self:
        if at is None:
            return cls(repository, commit_snapshot(repository, "HEAD" if rev is None else rev))
        from rollbook.git.main_history import commit_at
        from rollbook.names import parse_moment

        branch = any_main_commit(repository) if rev is None else rev
        commit = commit_at(repository, branch, parse_moment(at), called=rev or main_branch(repository))
        return cls(repository, commit_snapshot(repository, commit))

    @classmethod
    @contextmanager
    def at_address(cls, address: str, *, rev: str | None = None, at: str | None = None) -> Iterator[Self]:
        """Open the registry of the repository at a path or URL, without a clone of one's own; as a context.

        It may be a stranger's: nothing that its own configuration names is run.

        Raises BadCall for an address that git must not be given, GitFailed when it can't be reached.
        """
        from rollbook.git.address import local_directory
        from rollbook.git.clone import local_repository, partial_clone

        directory = local_directory(address)
        if directory is not None:
            with local_repository(directory) as repository, cls._of(repository, rev, at) as registry:
                yield registry
            return
        from rollbook.names import parse_moment
        from rollbook.snapshot.partial_snapshot import PartialSnapshot

        moment = None if at is None else parse_moment(at)
        with partial_clone(address) as clone:
            snapshot = PartialSnapshot(clone, "HEAD" if rev is None else rev, moment)
            with cls(clone.repository, snapshot) as registry:
                yield registry

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if "snapshot" in vars(self):
            self.snapshot.close()

    @property
    def has_repository(self) -> bool:
        """Whether there is a repository to ask about more than the snapshot's files."""
        return self._repository is not None

    @property
    def repository(self) -> Repository:
        """Return the repository that the snapshot is of. Raises BadCall where there is none."""
        if self._repository is None:
            raise BadCall(
                f"{self.snapshot.label} has no repository", hint="Ask the registry's own: --repo URL."
            )
        return self._repository

    @cached_property
    def policy(self) -> Policy:
        """The registry's rules. Raises NotFound where there is no registry."""
        (data,) = self.snapshot.read_many([layout.POLICY])
        if data is None:
            raise NotFound(
                f"there is no registry in {self.snapshot.label}: {layout.POLICY} does not exist",
                hint="Turn the repository into one with `rollbook init`, or name another with -C DIR.",
            )
        return parse_policy(data, layout.POLICY)

    def require(self) -> None:
        """Raise NotFound where there is no registry, InvalidFile where its policy can't be read."""
        _ = self.policy

    def models(self) -> Sequence[Model]:
        """Every model, sorted by name, with what a listing needs read in bulk."""
        return self.models_named(model_names(self.snapshot))

    def models_named(self, names: Sequence[str]) -> Sequence[Model]:
        """Return the models of these names, which are there, with what a listing needs read in bulk."""
        listed = self.snapshot.children([layout.versions_directory(name) for name in names])
        stages = self.snapshot.read_many([layout.stages_path(name) for name in names])
        return [
            self.make_model(name, _sorted_versions(directories), stage_table(name, data))
            for name, directories, data in zip(names, listed, stages, strict=True)
        ]

    def has_model(self, name: str) -> bool:
        """Whether there is a model of that name."""
        return bool(models_of(self.snapshot, [name]))

    def model(self, name: str) -> Model:
        """Return the model of that name. Raises BadCall for no possible name, NotFound that suggests the
        nearest.
        """
        kept = self._models.get(name)  # asked once: another thread may begin anew meanwhile
        if kept is not None:
            return kept
        require_model_name(name)
        (directories,) = self.snapshot.children([layout.versions_directory(name)])
        (stages,) = self.snapshot.read_many([layout.stages_path(name)])
        versions = _sorted_versions(directories)
        if not versions and stages is None and not self.has_model(name):
            raise self._no_model(name)
        model = self.make_model(name, versions, stage_table(name, stages))
        if self.snapshot.commit is not None:  # what a commit holds does not change
            _keep(self._models, name, model)
        return model

    def version(self, reference: str | Reference) -> ModelVersion:
        """Return the version that a reference such as `credit-approval@production` stands for.

        Raises BadCall for what is no reference, NotFound for one that stands for nothing.
        """
        target = parse_reference(reference) if isinstance(reference, str) else reference
        return self.model(target.model).select(target)

    def version_or_default(self, reference: str | Reference) -> ModelVersion:
        """Return what `version` does; for a model's name alone, what the policy's `default_alias` points to.
        Raises NotFound also where the model has no such alias.
        """
        alias = self.default_alias(reference)
        if not alias:
            return self.version(reference)
        model = self.model(str(reference))
        if alias in model.stages.aliases:
            return model.version(model.stages.aliases[alias])
        hint = f"Name what you mean, e.g. {model.name}@latest, or give the alias: rollbook alias."
        raise NotFound(f"{model.name} has no alias {alias!r}, for which the name alone stands", hint=hint)

    def default_alias(self, reference: str | Reference) -> str:
        """Return the alias that a model's name alone stands for; empty without one, or for more than it."""
        if not isinstance(reference, str) or not names_model_alone(reference):
            return ""
        try:
            return self.policy.default_alias
        except (InvalidFile, NotFound):
            return ""

    def _no_model(self, name: str) -> NotFound:
        names = model_names(self.snapshot)
        if not names:
            self.require()
            return NotFound("the registry has no models yet", hint="Register one with `rollbook register`.")
        return NotFound(f"there is no model {name!r}", hint=nearest(name, names))


class Model:
    """One registered model: its record, its versions, and which of them holds which stage."""

    def __init__(self, registry: Registry, name: str, versions: Sequence[str], stages: StageTable) -> None:
        self.registry = registry
        self.name = name
        self.stages = stages
        self.version_names = versions
        self._versions: dict[str, ModelVersion] = {}

    def make_version(self, version: str, manifest: bytes | None = None) -> ModelVersion:
        """Make the object for one version, of the class that goes with this model's."""
        return ModelVersion(self, version, manifest)

    @cached_property
    def record(self) -> ModelRecord:
        """What `model.yaml` says. Raises NotFound when there is no such file."""
        path = layout.model_path(self.name)
        (data,) = self.registry.snapshot.read_many([path])
        if data is None:
            raise NotFound(f"{path} does not exist", hint="Run `rollbook check --all`.")
        return parse_model(data, path)

    @property
    def latest(self) -> ModelVersion | None:
        """The newest version by precedence, a release before a pre-release; None without versions."""
        name = newest(self.version_names)
        return None if name is None else self.version(name)

    def versions(self, names: Sequence[str] | None = None) -> Sequence[ModelVersion]:
        """Every version, oldest first, or those named; their manifests read in bulk."""
        chosen_names = self.version_names if names is None else names
        paths = [layout.manifest_path(self.name, version) for version in chosen_names]
        contents = self.registry.snapshot.read_many(paths)
        return [
            self.make_version(version, data) for version, data in zip(chosen_names, contents, strict=True)
        ]

    def version(self, version: str) -> ModelVersion:
        """Return that version. Raises NotFound that suggests the nearest."""
        name = normalise_version(version)
        kept = self._versions.get(name)
        if kept is not None:
            return kept
        if name not in self.version_names:
            raise NotFound(f"{self.name} has no version {name}", hint=nearest(name, self.version_names))
        model_version = self.make_version(name)
        if self.registry.snapshot.commit is not None:
            _keep(self._versions, name, model_version)
        return model_version

    def stage(self, stage: str) -> ModelVersion:
        """Return the version in that stage; the newest where several hold it.

        Raises NotFound when none does, or when the policy has no such stage.
        """
        holders = [entry.version for entry in self.stages.holders(stage) if is_version(entry.version)]
        if not holders and stage == self.registry.policy.first_stage.name:
            holders = [name for name in self.version_names if self.stages.entry_of(name) is None]
        if not holders:
            self.registry.policy.stage(stage)
            raise NotFound(f"{self.name} has no version in {stage}", hint=self._occupied())
        return self._newest(holders)

    def _newest(self, names: list[str]) -> ModelVersion:
        """Return the newest of some versions; one whose artifact is removed only when all of theirs are."""
        newest_first = [self.version(name) for name in sorted(names, key=precedence, reverse=True)]
        kept = (version for version in newest_first if version.removal is None)
        return newest_first[0] if len(newest_first) == 1 else next(kept, newest_first[0])

    def select(self, reference: Reference) -> ModelVersion:
        """Return the version that a reference to this model stands for."""
        if reference.version is not None:
            return self.version(reference.version)
        name = reference.name or LATEST
        if name == LATEST:
            latest = self.latest
            if latest is None:
                raise NotFound(f"{self.name} has no versions yet")
            return latest
        if self.stages.holders(name) or self.registry.policy.has_stage(name):
            return self.stage(name)
        if name in self.stages.aliases:
            return self.version(self.stages.aliases[name])
        stages = (stage.name for stage in self.registry.policy.stages)
        choices = dict.fromkeys([*stages, *self.stages.aliases, LATEST])
        raise NotFound(f"{self.name} has no stage or alias {name!r}", hint=nearest(name, list(choices)))

    def _occupied(self) -> str:
        stages = dict.fromkeys(entry.stage for entry in self.stages.entries)
        return (
            f"Stages that hold a version: {', '.join(stages)}." if stages else "No stage holds a version yet."
        )


def _keep(kept: dict[str, Kept], name: str, item: Kept) -> None:
    """Keep an item ready; where there are too many, begin anew."""
    if len(kept) >= _KEPT:
        kept.clear()
    kept[name] = item


def newest(versions: Sequence[str]) -> str | None:
    """Return the newest of versions that are sorted by precedence, a release before a pre-release; None for
    none.
    """
    return next((name for name in reversed(versions) if "-" not in name), versions[-1] if versions else None)


def _sorted_versions(directories: dict[str, bool]) -> list[str]:
    names = (name for name, is_directory in directories.items() if is_directory and is_version(name))
    return sorted(names, key=precedence)


def stage_table(model: str, data: bytes | None) -> StageTable:
    return StageTable() if data is None else parse_stages(data, layout.stages_path(model))
