"""What a takeover from MLflow is asked for, and its plan: models, versions, and what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rollbook.transfer.takeover_notes import Note, solving

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.records.policy import Policy
    from rollbook.transfer.mlflow.source_models import SourceModel, SourceVersion


@dataclass(frozen=True, slots=True)
class MlflowRequest:
    """What is asked for. `models` restricts to models by MLflow's names; `stages` maps MLflow's stages to
    those of the policy; `names` gives models other names; `aliases` gives aliases (`champion`, for all
    models) other names; `skip` are versions (`name@3`) to leave out; with `skip_missing`, versions without
    bytes are left out; with `newest_holds`, the newest of several versions holds an exclusive stage.
    `without` says of further versions why they are left out."""

    models: tuple[str, ...] = ()
    stages: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    skip: tuple[str, ...] = ()
    skip_missing: bool = False
    newest_holds: bool = False
    without: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MlflowPlacing:
    """The stage that a version will stand in. `displaced_by` is the number of the version that holds the
    stage it stood in, which is `displaced_from` here."""

    stage: str
    displaced_from: str = ""
    displaced_by: int = 0


@dataclass(frozen=True, slots=True)
class PlannedMlflowVersion:
    """A version that will be registered: what it will be called, what MLflow says of it, its stage, and what
    is to be known of it besides."""

    version: str
    source: SourceVersion
    placing: MlflowPlacing
    remarks: tuple[str, ...] = ()

    def as_document(self) -> dict[str, Any]:
        """Return the version as JSON data."""
        source = self.source
        return {
            "version": self.version,
            "number": source.number,
            "stage": self.placing.stage,
            "mlflow_stage": source.stage,
            "created_at": source.created_at,
            "created_by": source.user or None,
            "source": source.source,
            "run_id": source.run_id or None,
            "remarks": [*self.remarks],
        }


@dataclass(frozen=True, slots=True)
class PlannedMlflowModel:
    """A model that will be registered: its name here, what MLflow says of it, its versions in the order of
    their numbers, which of MLflow's stages became which, its aliases with versions, and what is to be known
    of it."""

    name: str
    source: SourceModel
    versions: tuple[PlannedMlflowVersion, ...]
    stages: Mapping[str, str]
    aliases: Mapping[str, str]
    remarks: tuple[str, ...] = ()

    def as_document(self) -> dict[str, Any]:
        """Return the model as JSON data."""
        return {
            "model": self.name,
            "mlflow_name": self.source.name,
            "stages": dict(self.stages),
            "aliases": dict(self.aliases),
            "remarks": [*self.remarks],
            "versions": [version.as_document() for version in self.versions],
        }


@dataclass(frozen=True, slots=True)
class MlflowPlan:
    """What a takeover from the MLflow registry at `address` does to `base`, a commit of main; what it leaves
    out; and the problems that have to be solved first."""

    base: str
    address: str
    policy: Policy
    models: tuple[PlannedMlflowModel, ...]
    skipped: tuple[Note, ...]
    problems: tuple[Note, ...]

    @property
    def options(self) -> list[str]:
        """Return the options that solve the problems, quoted for a shell, each once."""
        return solving(self.problems)

    def as_document(self) -> dict[str, Any]:
        """Return the plan as JSON data."""
        return {
            "address": self.address,
            "models": [model.as_document() for model in self.models],
            "skipped": [note.as_document() for note in self.skipped],
            "problems": [note.as_document() for note in self.problems],
        }
