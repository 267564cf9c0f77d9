"""A registry and MLflow's SQL store that hold the same models, told the same events at the same times."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import mlflow.store.model_registry.sqlalchemy_store as sqlalchemy_store
from mlflow.entities.model_registry import ModelVersionTag, RegisteredModelTag
from mlflow.exceptions import MlflowException
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

from building.bare import START, Bare
from building.world import git
from rollbook.integrations.mlflow.store import RollbookStore
from rollbook.names import time_text
from rollbook.transfer.mlflow.model_names import folder_name
from rollbook.transfer.mlflow.version_tags import VERSION_TAG

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

POLICY = """\
rollbook: 1
stages:
  - {name: development, next: [staging, production, archived]}
  - {name: staging, next: [production, archived]}
  - {name: canary, next: [production, archived]}
  - {name: production, next: [archived]}
  - {name: archived, next: [production]}
"""
_STAGES = {"Staging": "staging", "Production": "production", "Archived": "archived"}


@dataclass
class Told:
    """What has been told of one model."""

    name: str
    tags: Mapping[str, str]
    description: str = ""
    versions: list[str] = field(default_factory=list)
    stages: dict[int, tuple[str, int]] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)


class Twins:
    """A registry in a bare repository, written commit by commit, and a SQL store beside it."""

    def __init__(self, folder: Path) -> None:
        git(folder, "init", "-q", "--bare", "registry.git")
        self.bare = Bare(folder / "registry.git")
        self.clock = START
        self._land({"registry/policy.yaml": POLICY}, first=True)
        self.ours = RollbookStore(f"rollbook://{self.bare.directory}")
        self.sql = SqlAlchemyStore(f"sqlite:///{folder}/mlflow.db")
        self._told: dict[str, Told] = {}

    def model(self, name: str, tags: Mapping[str, str] | None = None, description: str = "") -> None:
        told = self._told[name] = Told(name, tags or {}, description)
        self._land({self._path(name, "model.yaml"): self._model_text(told)})
        listed = [RegisteredModelTag(key, value) for key, value in told.tags.items()]
        self._sql(lambda store: store.create_registered_model(name, listed, description or None))

    def version(self, name: str, *, tags: Mapping[str, str] | None = None, **facts: str) -> None:
        """Register the next version: `facts` are its source, run_id, run_link and description."""
        told = self._told[name]
        semantic = f"1.{len(told.versions)}.0"
        told.versions.append(semantic)
        own = {key: value for key, value in facts.items() if key != "description"}
        manifest = {
            "model": folder_name(name),
            "version": semantic,
            "created_at": time_text(self.clock + 60),
            "created_by": "jane@example.com",
            "artifact": {"path": "model", "format": "mlflow", "size": 1, "sha256": "a" * 64, "files": 1},
            "description": facts.get("description", ""),
            "tags": dict(tags or {}),
            "extra": {"mlflow": own},
        }
        self._land({self._path(name, f"versions/{semantic}/version.yaml"): json.dumps(manifest)})
        listed = [ModelVersionTag(key, value) for key, value in (tags or {}).items()]
        self._sql(
            lambda store: store.create_model_version(
                name,
                facts["source"],
                facts.get("run_id"),
                listed,
                facts.get("run_link"),
                facts.get("description"),
            )
        )

    def move(self, name: str, number: int, stage: str) -> None:
        told = self._told[name]
        told.stages[number] = (_STAGES[stage], self.clock + 60)
        self._land({self._path(name, "stages.yaml"): _stages_text(told)})
        self._sql(lambda store: store.transition_model_version_stage(name, number, stage, False))

    def alias(self, name: str, alias: str, number: int) -> None:
        """Set an alias, in the moment of what was told last: SQL counts it as no change of the model."""
        told = self._told[name]
        told.aliases[alias] = number
        self.clock -= 60
        self._land({self._path(name, "stages.yaml"): _stages_text(told)})
        self._sql(lambda store: store.set_registered_model_alias(name, alias, number))

    def note(self, name: str, number: int, description: str) -> None:
        self._note(name, number, {"description": description})
        self._sql(lambda store: store.update_model_version(name, number, description))

    def delete_version(self, name: str, number: int) -> None:
        """Delete a version, in the moment of what was told last."""
        self.clock -= 60
        self._note(name, number, {"extra": {"mlflow": {"deleted": {"at": "2026-01-01T00:00:00Z"}}}})
        self._sql(lambda store: store.delete_model_version(name, number))

    def delete_model(self, name: str) -> None:
        told = self._told[name]
        deleted = {"deleted": {"at": "2026-01-01T00:00:00Z", "by": "jane@example.com"}}
        self._land({self._path(name, "model.yaml"): self._model_text(told, deleted)})
        self._sql(lambda store: store.delete_registered_model(name))

    def _note(self, name: str, number: int, notes: dict[str, Any]) -> None:
        version = self._told[name].versions[number - 1]
        self._land({self._path(name, f"versions/{version}/notes.yaml"): json.dumps(notes)})

    def _path(self, name: str, file: str) -> str:
        return f"registry/{folder_name(name)}/{file}"

    def _model_text(self, told: Told, own: dict[str, Any] | None = None) -> str:
        extra = {"mlflow": {"name": told.name, **(own or {})}}
        record = {"name": folder_name(told.name), "owner": "jane@example.com", "tags": dict(told.tags)}
        return json.dumps({**record, "description": told.description, "extra": extra})

    def _land(self, files: Mapping[str, str], *, first: bool = False) -> None:
        self.clock += 60
        parents = [] if first else ["refs/heads/main^0"]
        self.bare.put("refs/heads/main", files, parents=parents, at=self.clock)

    def _sql(self, call: Callable[[SqlAlchemyStore], object]) -> None:
        before = sqlalchemy_store.get_current_time_millis
        sqlalchemy_store.get_current_time_millis = lambda: self.clock * 1000
        try:
            call(self.sql)
        finally:
            sqlalchemy_store.get_current_time_millis = before


def _stages_text(told: Told) -> str:
    held: dict[str, Any] = {}
    for number, (stage, at) in told.stages.items():
        entry = {"version": told.versions[number - 1], "reason": "x", "requested_by": "jane@example.com"}
        held.setdefault(stage, []).append({**entry, "requested_at": time_text(at)})
    held["aliases"] = {alias: told.versions[number - 1] for alias, number in told.aliases.items()}
    return json.dumps(held)


def outcome(call: Callable[[], Any]) -> Any:
    """What a call gives, or the code of the error that it ends with; of one that is no MLflow error, that the
    parameters can't be."""
    try:
        return call()
    except MlflowException as error:
        return error.error_code
    except (AttributeError, IndexError, TypeError, ValueError):
        return "INVALID_PARAMETER_VALUE"


def version_facts(version: Any) -> dict[str, Any]:
    """What both stores tell of a version, but its aliases, which SQL leaves out where it finds many."""
    return {
        "name": version.name,
        "version": version.version,
        "created": version.creation_timestamp,
        "updated": version.last_updated_timestamp,
        "description": version.description or None,
        "stage": version.current_stage,
        "source": version.source,
        "run_id": version.run_id,
        "run_link": version.run_link,
        "status": version.status,
        "tags": {key: value for key, value in version.tags.items() if key != VERSION_TAG},
    }


def model_facts(model: Any) -> dict[str, Any]:
    """What both stores tell of a model."""
    latest = sorted(model.latest_versions, key=lambda one: one.version)
    return {
        "name": model.name,
        "created": model.creation_timestamp,
        "updated": model.last_updated_timestamp,
        "description": model.description or None,
        "tags": model._tags,
        "aliases": model.aliases,
        "latest": [version_facts(one) for one in latest],
    }
