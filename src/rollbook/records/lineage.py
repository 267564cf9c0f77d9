"""The part `lineage` of a manifest: where a version comes from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.errors import BadCall
from rollbook.names import parse_reference
from rollbook.records.data_chain import DataChain
from rollbook.records.data_sets import one_fact, read_data_set
from rollbook.records.fields import Fields
from rollbook.records.training_code import read_code

if TYPE_CHECKING:
    from rollbook.records.data_sets import DataSet
    from rollbook.records.manifest import Manifest
    from rollbook.records.training_code import TrainingCode


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """The feature set or view that was read, and how many features it holds."""

    name: str
    version: str = ""
    count: int | None = None

    def __str__(self) -> str:
        return f"{self.name}@{self.version}" if self.version else self.name


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """The training run in an experiment tracker or a pipeline."""

    tool: str
    id: str
    uri: str = ""

    def __str__(self) -> str:
        return f"{self.tool} {self.id}"


@dataclass(frozen=True)
class TrainingOrigin:
    """Where a version comes from. `data` are the data sets that are listed, `codes` the commits of its code,
    the training's first; `parents` are references such as `credit-approval@1.1.0`.

    `contradiction` says in what `lineage.data` and `training` disagree; it is empty when they don't.
    """

    data: tuple[DataSet, ...]
    features: FeatureSet | None
    codes: tuple[TrainingCode, ...]
    run: TrainingRun | None
    parents: tuple[str, ...]
    contradiction: str = ""

    @property
    def code(self) -> TrainingCode | None:
        """The commit of the training code."""
        return self.codes[0] if self.codes else None

    def every_code(self) -> list[tuple[TrainingCode, str]]:
        """Return each commit of code and what it was for: its role, or the step that made data with it."""
        chain = self.chain
        made = [(one.code, one.step) for one in (*chain.trained_on, *chain.sources) if one.code]
        return [*((one, one.role) for one in self.codes), *((code, code.role or step) for code, step in made)]

    @cached_property
    def chain(self) -> DataChain:
        """How the data sets were made from each other."""
        return DataChain(self.data)


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
        codes=_codes(fields),
        run=_run(fields.required("run")) if lineage.get("run") is not None else None,
        parents=tuple(dict.fromkeys(_canonical(parent) for parent in fields.texts("parents"))),
        contradiction=contradiction,
    )


def _features(fields: Fields) -> FeatureSet:
    return FeatureSet(fields.text("name"), fields.optional_text("version"), fields.optional_integer("count"))


def _codes(fields: Fields) -> tuple[TrainingCode, ...]:
    """Return the commits of `code`, which is one or a list."""
    if fields.holds_list("code"):
        return tuple(read_code(one) for one in fields.each("code"))
    return (read_code(fields.required("code")),) if fields.has("code") else ()


def _run(fields: Fields) -> TrainingRun:
    return TrainingRun(fields.text("tool"), fields.text("id"), fields.optional_text("uri"))


def _canonical(parent: str) -> str:
    """Return a parent in the one form that versions are named in; as it stands when it names no version."""
    try:
        return str(parse_reference(parent))
    except BadCall:
        return parent
