"""What main holds, in MLflow's terms: registered models, and their versions by number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlflow.entities.model_registry import (
    ModelVersion,
    ModelVersionTag,
    RegisteredModel,
    RegisteredModelAlias,
    RegisteredModelTag,
)

from rollbook.errors import NotFound, nearest
from rollbook.integrations.mlflow.hidden_facts import hidden_facts, is_deleted
from rollbook.names import is_version, normalise_version, time_seconds
from rollbook.registry.registry import Registry
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.trail.registrations import Registered, Registrations, registrations
from rollbook.transfer.mlflow.model_names import folder_name, told_name
from rollbook.transfer.mlflow.stage_names import mlflow_stage

if TYPE_CHECKING:
    from rollbook.git.repository import Repository
    from rollbook.registry.model_version import ModelVersion as RegistryVersion
    from rollbook.registry.registry import Model

# The tag that says which version one is, in the registry's own terms.
VERSION_TAG = "rollbook.version"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The models at one commit of main, and in which order their versions were registered."""

    registry: Registry
    registered: Registrations

    def registered_model(self, name: str) -> RegisteredModel:
        """Return a model as MLflow describes it. Raises NotFound."""
        model = self.model(name)
        numbers = {one.version: one.number for one in self.registered.of(model.name)}
        versions = self.versions(model)
        record = model.record
        aliases = [
            RegisteredModelAlias(alias, str(numbers[version]))
            for alias, version in model.stages.aliases.items()
            if version in numbers
        ]
        created = min((one.creation_timestamp for one in versions), default=None)
        return RegisteredModel(
            told_name(model.name, record.extra),
            creation_timestamp=created,
            last_updated_timestamp=max((one.last_updated_timestamp for one in versions), default=created),
            description=record.description or None,
            latest_versions=self._latest(versions),
            tags=[RegisteredModelTag(key, _text(value)) for key, value in record.tags.items()],
            aliases=aliases,
        )

    def registered_models(self) -> list[RegisteredModel]:
        """Return every model."""
        return [
            self.registered_model(told_name(model.name, model.record.extra))
            for model in self.registry.models()
            if not is_deleted(model.record.extra)
        ]

    def model_versions(self) -> list[ModelVersion]:
        """Return every version of every model."""
        return [
            version
            for model in self.registry.models()
            if not is_deleted(model.record.extra)
            for version in self.versions(model)
        ]

    def model(self, name: str) -> Model:
        """Return the model that MLflow's users call so. Raises NotFound."""
        model = self.registry.model(folder_name(name))
        if is_deleted(model.record.extra):
            raise NotFound(
                f"there is no model {name[:80]!r}", hint="It was deleted; it can be created again."
            )
        if told_name(model.name, model.record.extra) != name:
            raise NotFound(f"there is no model {name[:80]!r}", hint=f"{model.name} is another one.")
        return model

    def numbered(self, name: str, version: str | int) -> tuple[RegistryVersion, Registered]:
        """Return the version of a model that a number stands for, or its own name. Raises NotFound."""
        model = self.model(name)
        text = str(version)
        for one in self.registered.of(model.name):
            if text in (str(one.number), one.version):
                found = model.version(one.version)
                if is_deleted(found.notes().extra):
                    raise NotFound(f"version {text[:40]} of {name} was deleted")
                return found, one
        known = [str(one.number) for one in self.registered.of(model.name)]
        raise NotFound(f"{name} has no version {text[:40]!r}", hint=nearest(text, known))

    def model_version(self, name: str, version: str | int) -> ModelVersion:
        """Return one version as MLflow describes it. Raises NotFound."""
        return self._described(*self.numbered(name, version))

    def versions(self, model: Model) -> list[ModelVersion]:
        """Return the versions of a model, in the order of their numbers."""
        return [
            self._described(version, one)
            for one in self.registered.of(model.name)
            if not is_deleted((version := model.version(one.version)).notes().extra)
        ]

    def latest_versions(self, name: str, stages: list[str] | None) -> list[ModelVersion]:
        """Return the newest version in each of these stages, all without any. A stage may also be called by
        the name of a version, or of an alias. Raises NotFound."""
        model = self.model(name)
        latest = self._latest(self.versions(model))
        if not stages:
            return latest
        found = []
        for stage in stages:
            if is_version(stage.removeprefix("v")):
                found.append(self.model_version(name, normalise_version(stage)))
            elif stage in model.stages.aliases:
                found.append(self.model_version(name, model.stages.aliases[stage]))
            else:
                found += [one for one in latest if (one.current_stage or "").casefold() == stage.casefold()]
        return found

    def _latest(self, versions: list[ModelVersion]) -> list[ModelVersion]:
        return [*{version.current_stage: version for version in versions}.values()]

    def _described(self, version: RegistryVersion, registered: Registered) -> ModelVersion:
        manifest, notes = version.manifest, version.notes()
        own: dict[str, Any] = manifest.extra.get("mlflow") or {}
        entry = version.entry
        created = time_seconds(manifest.registered_at) * 1000
        updated = max(created, time_seconds(entry.requested_at) * 1000 if entry else 0)
        hidden = hidden_facts(notes.extra)
        shown = {key: text for key, text in manifest.tags.items() if key not in hidden.tags}
        tags = {VERSION_TAG: version.version, **shown, **notes.tags}
        described = "" if hidden.description else manifest.description
        return ModelVersion(
            told_name(version.model.name, version.model.record.extra),
            str(registered.number),
            created,
            last_updated_timestamp=updated,
            description=notes.description or described or None,
            user_id=manifest.registered_by,
            current_stage=mlflow_stage(version.model.registry.policy, version.stage),
            source=own.get("source"),
            run_id=own.get("run_id"),
            tags=[ModelVersionTag(key, _text(value)) for key, value in tags.items()],
            run_link=own.get("run_link"),
            aliases=version.aliases,
            model_id=own.get("model_id"),
        )


def _text(value: object) -> str:
    return value if isinstance(value, str) else str(value)


def catalogue_at(repository: Repository, commit: str, known: Registrations | None = None) -> Catalogue:
    """Return the models as they stand in `commit`, which is main's or builds on it. `known` are registrations
    read before, which need not be read again."""
    return Catalogue(
        Registry(repository, commit_snapshot(repository, commit)), registrations(repository, commit, known)
    )
