"""What a takeover from GTO is asked for, and its plan: models, versions, and what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rollbook.transfer.gto.gto_artifacts import Annotation, InGit
from rollbook.transfer.takeover_notes import Note, solving

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.records.origin import OldTag, Origin
    from rollbook.records.policy import Policy
    from rollbook.transfer.gto.gto_artifacts import InDvc
    from rollbook.transfer.gto.placings import Placing


@dataclass(frozen=True, slots=True)
class TakeoverRequest:
    """What is asked for. `models` restricts to artifacts by GTO's names; `stages` maps GTO's stages to those
    of the policy; `names` gives artifacts and versions (`name@1.0.0`) other names; `paths` says where an
    artifact stands that no file tells; with `skip_missing`, versions without bytes are left out."""

    models: tuple[str, ...] = ()
    stages: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)
    skip_missing: bool = False
    without: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlannedVersion:
    """A version that will be registered: GTO's tag that registered it, where its bytes are, what GTO's
    repository said of it then, and the stage it will stand in."""

    version: str
    tag: OldTag
    source: InGit | InDvc
    annotation: Annotation
    placing: Placing

    @property
    def kept_in(self) -> str:
        """What keeps the bytes: `git` or `dvc`."""
        return "git" if isinstance(self.source, InGit) else "dvc"

    @property
    def remarks(self) -> list[str]:
        """What happens to its stages besides."""
        placing = self.placing
        told = [f"leaves {stage}, where it stood besides" for stage in placing.besides]
        if placing.displaced_by:
            told.append(
                f"goes to {placing.stage}: {placing.displaced_by} came into {placing.displaced_from} after it"
            )
        return told

    def as_document(self) -> dict[str, Any]:
        """Return the version as JSON data."""
        return {
            "version": self.version,
            "stage": self.placing.stage,
            "registered_at": self.tag.at,
            "registered_by": self.tag.by,
            "path": self.annotation.path,
            "kept_in": self.kept_in,
            "tag": self.tag.tag,
            "tag_object": self.tag.object,
            "commit": self.tag.commit,
            "remarks": self.remarks,
        }


@dataclass(frozen=True, slots=True)
class PlannedModel:
    """A model that will be registered, with what will be its origin.yaml."""

    name: str
    origin: Origin
    versions: tuple[PlannedVersion, ...]

    def as_document(self) -> dict[str, Any]:
        """Return the model as JSON data."""
        return {
            "model": self.name,
            "gto_name": self.origin.name,
            "stages": dict(self.origin.stages),
            "tags": len(self.origin.tags),
            "versions": [version.as_document() for version in self.versions],
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """What a takeover does to `base`, a commit of main; what it leaves out; and the problems that have to be
    solved first."""

    base: str
    policy: Policy
    models: tuple[PlannedModel, ...]
    skipped: tuple[Note, ...]
    problems: tuple[Note, ...]

    @property
    def options(self) -> list[str]:
        """Return the options that solve the problems, quoted for a shell, each once."""
        return solving(self.problems)

    def as_document(self) -> dict[str, Any]:
        """Return the plan as JSON data."""
        return {
            "models": [model.as_document() for model in self.models],
            "skipped": [note.as_document() for note in self.skipped],
            "problems": [note.as_document() for note in self.problems],
        }
