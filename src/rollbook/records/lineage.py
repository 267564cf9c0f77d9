"""The part `lineage` of a manifest: where a version comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.errors import BadCall
from rollbook.names import parse_reference
from rollbook.records.data_sets import one_fact, read_data_set
from rollbook.records.fields import Fields

if TYPE_CHECKING:
    from rollbook.records.data_sets import DataSet
    from rollbook.records.manifest import Manifest


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """The feature set or view that was read, and how many features it holds."""

    name: str
    version: str = ""
    count: int | None = None

    def __str__(self) -> str:
        return f"{self.name}@{self.version}" if self.version else self.name


@dataclass(frozen=True, slots=True)
class TrainingCode:
    """The commit of the training code; `dirty` says that files differed from it."""

    commit: str
    repository: str = ""
    branch: str = ""
    dirty: bool = False

    def __str__(self) -> str:
        where = f"{self.repository}@" if self.repository else ""
        return f"{where}{self.commit[:12]}{' (with changes)' if self.dirty else ''}"


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """The training run in an experiment tracker or a pipeline."""

    tool: str
    id: str
    uri: str = ""

    def __str__(self) -> str:
        return f"{self.tool} {self.id}"


@dataclass(frozen=True, slots=True)
class TrainingOrigin:
    """Where a version comes from. `parents` are references such as `credit-approval@1.1.0`.

    `contradiction` says in what `lineage.data` and `training` disagree; it is empty when they don't.
    """

    data: tuple[DataSet, ...]
    features: FeatureSet | None
    code: TrainingCode | None
    run: TrainingRun | None
    parents: tuple[str, ...]
    contradiction: str = ""


def parse_origin(manifest: Manifest) -> TrainingOrigin:
    """Return the lineage of a manifest. Raises InvalidFile naming the file and the key."""
    path = layout.manifest_path(manifest.model, manifest.version)
    fields = Fields(manifest.lineage, path, "lineage")
    lineage = manifest.lineage
    training = Fields(manifest.training, path, "training")
    data, contradiction = one_fact(
        [read_data_set(Fields(item, path, "lineage.data")) for item in fields.items("data")],
        training.optional_text("dataset"),
        training.optional_text("dataset_version"),
    )
    return TrainingOrigin(
        data=data,
        features=_features(fields.required("features")) if lineage.get("features") is not None else None,
        code=_code(fields.required("code")) if lineage.get("code") is not None else None,
        run=_run(fields.required("run")) if lineage.get("run") is not None else None,
        parents=tuple(dict.fromkeys(_canonical(parent) for parent in fields.texts("parents"))),
        contradiction=contradiction,
    )


def _features(fields: Fields) -> FeatureSet:
    return FeatureSet(fields.text("name"), fields.optional_text("version"), fields.optional_integer("count"))


def _code(fields: Fields) -> TrainingCode:
    return TrainingCode(
        commit=fields.text("commit"),
        repository=fields.optional_text("repository"),
        branch=fields.optional_text("branch"),
        dirty=fields.flag("dirty", default=False),
    )


def _run(fields: Fields) -> TrainingRun:
    return TrainingRun(fields.text("tool"), fields.text("id"), fields.optional_text("uri"))


def _canonical(parent: str) -> str:
    """Return a parent in the one form that versions are named in; as it stands when it names no version."""
    try:
        return str(parse_reference(parent))
    except BadCall:
        return parent
