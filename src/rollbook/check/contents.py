"""The files of a registry in one snapshot, read once and grouped by model and version."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.check.document import Document, read_documents
from rollbook.layout import Kind
from rollbook.names import is_model_name, is_version
from rollbook.records.manifest import Manifest
from rollbook.records.model import ModelRecord
from rollbook.records.policy import Policy
from rollbook.records.stages import StageTable
from rollbook.snapshot import EXECUTABLE, FILE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from rollbook.snapshot import Snapshot

REGULAR = frozenset([FILE, EXECUTABLE])


@dataclass(slots=True)
class VersionFiles:
    """One version's directory: its files by kind, and the names of all that stands in it."""

    model: str
    version: str
    documents: dict[Kind, list[Document]] = field(default_factory=lambda: defaultdict(list))
    names: set[str] = field(default_factory=set)

    @property
    def directory(self) -> str:
        return layout.version_directory(self.model, self.version)

    @property
    def manifest_file(self) -> Document | None:
        return next(iter(self.documents.get(Kind.MANIFEST, ())), None)

    @property
    def manifest(self) -> Manifest | None:
        """The manifest; None when there is none that can be read."""
        record = self.manifest_file.record if self.manifest_file else None
        return record if isinstance(record, Manifest) else None

    @property
    def pointers(self) -> list[Document]:
        return self.documents.get(Kind.POINTER, [])

    @property
    def evidence(self) -> list[Document]:
        return self.documents.get(Kind.EVIDENCE, [])


@dataclass(slots=True)
class ModelFiles:
    """One model's directory."""

    name: str
    record_file: Document | None = None
    stages_file: Document | None = None
    versions: dict[str, VersionFiles] = field(default_factory=dict)

    @property
    def record(self) -> ModelRecord | None:
        record = self.record_file.record if self.record_file else None
        return record if isinstance(record, ModelRecord) else None

    @property
    def stages(self) -> StageTable | None:
        """Who holds which stage; None when the file is there and can't be read."""
        if self.stages_file is None:
            return StageTable()
        table = self.stages_file.record
        return table if isinstance(table, StageTable) else None


@dataclass(frozen=True, slots=True)
class Contents:
    """A registry's files.

    `modes` holds every path, `documents` and `models` those that were asked for, `names` every model,
    `loose` the paths that belong to no model.
    """

    modes: Mapping[str, str]
    names: frozenset[str]
    loose: frozenset[str]
    documents: Mapping[str, Document]
    models: Mapping[str, ModelFiles]
    policy_file: Document | None

    @property
    def policy(self) -> Policy | None:
        """The policy; None when there is none that is as its schema asks."""
        if self.policy_file is None or self.policy_file.findings:
            return None
        record = self.policy_file.record
        return record if isinstance(record, Policy) else None


def model_names(paths: Iterable[str]) -> frozenset[str]:
    """The names of the models that files at these paths make."""
    places = (layout.place(path) for path in paths)
    return frozenset(place.model for place in places if place.model and is_model_name(place.model))


def owner(path: str, names: Collection[str]) -> str | None:
    """The model among `names` in whose directory `path` stands."""
    parts = path.split("/", 3)
    if len(parts) > 2 and parts[1] in names:
        # In a namespace that is wrongly a model too, the inner model's files are still its own.
        inner = f"{parts[1]}/{parts[2]}"
        return inner if len(parts) > 3 and inner in names else parts[1]
    if len(parts) > 3 and (inner := f"{parts[1]}/{parts[2]}") in names:
        return inner
    return None


def read_contents(snapshot: Snapshot, only: Collection[str] | None = None) -> Contents:
    """Read a registry: the policy, what belongs to no model, and the models in `only` (None: all)."""
    modes = snapshot.modes(layout.ROOT)
    places = {path: layout.place(path) for path in modes}
    names = model_names(modes)
    owners = {path: owner(path, names) for path in modes}
    wanted = {
        path: place
        for path, place in places.items()
        if place.kind is not Kind.STRAY
        and modes[path] in REGULAR
        and (only is None or owners[path] is None or owners[path] in only)
    }
    documents = read_documents(snapshot, wanted)
    models = _models(documents.values(), names if only is None else names & frozenset(only))
    for path, place in places.items():
        if place.model in models and place.version and is_version(place.version):
            _version(models[place.model], place.version).names.add(path)
    loose = frozenset(path for path, model in owners.items() if model is None)
    return Contents(modes, names, loose, documents, models, documents.get(layout.POLICY))


def _models(documents: Iterable[Document], names: frozenset[str]) -> dict[str, ModelFiles]:
    models = {name: ModelFiles(name) for name in sorted(names)}
    for document in documents:
        place = document.place
        if place.model not in models:
            continue
        model = models[place.model]
        if place.kind is Kind.MODEL:
            model.record_file = document
        elif place.kind is Kind.STAGES:
            model.stages_file = document
        elif place.version and is_version(place.version):
            _version(model, place.version).documents[place.kind].append(document)
    return models


def _version(model: ModelFiles, version: str) -> VersionFiles:
    return model.versions.setdefault(version, VersionFiles(model.name, version))
