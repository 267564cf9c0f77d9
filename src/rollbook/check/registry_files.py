"""The files of a registry in one snapshot, read once and grouped by model and version."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.check.document import Document, read_documents
from rollbook.layout import Kind
from rollbook.names import is_version
from rollbook.records.manifest import Manifest
from rollbook.records.model import ModelRecord
from rollbook.records.origin import Origin
from rollbook.records.policy import Policy
from rollbook.records.stages import StageTable
from rollbook.snapshot.snapshot import EXECUTABLE, FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from rollbook.layout import Place
    from rollbook.snapshot.snapshot import Snapshot

REGULAR = frozenset([FILE, EXECUTABLE])


class VersionFiles:
    """One version's directory: the paths of all that stands in it, and its files by kind.

    Files that `documents` does not hold yet are read when they are first asked for.
    """

    def __init__(self, model: str, version: str, read: Callable[[Collection[str]], list[Document]]) -> None:
        self.model = model
        self.version = version
        self.paths: set[str] = set()
        self._read = read

    @cached_property
    def documents(self) -> Mapping[Kind, list[Document]]:
        by_kind: dict[Kind, list[Document]] = {}
        for document in self._read(sorted(self.paths)):
            by_kind.setdefault(document.place.kind, []).append(document)
        return by_kind

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
    origin_file: Document | None = None
    versions: dict[str, VersionFiles] = field(default_factory=dict)

    @property
    def record(self) -> ModelRecord | None:
        record = self.record_file.record if self.record_file else None
        return record if isinstance(record, ModelRecord) else None

    @property
    def origin(self) -> Origin | None:
        """What the model was taken over from; None when it wasn't, or the file can't be read."""
        origin = self.origin_file.record if self.origin_file else None
        return origin if isinstance(origin, Origin) else None

    @property
    def stages(self) -> StageTable | None:
        """Who holds which stage; None when the file is there and can't be read."""
        if self.stages_file is None:
            return StageTable()
        table = self.stages_file.record
        return table if isinstance(table, StageTable) else None


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a registry in one snapshot: what a change concerns, or everything.

    `modes` holds its paths with their modes, `names` the models in it. `models` are those to be judged (None:
    all), `versions` their versions (model, version) to be judged as well (None: all).
    """

    modes: Mapping[str, str]
    names: frozenset[str]
    models: frozenset[str] | None = None
    versions: frozenset[tuple[str, str]] | None = None

    def judges(self, model: str, version: str) -> bool:
        """Whether a version of a model that is judged is judged too."""
        return self.versions is None or (model, version) in self.versions


@dataclass(frozen=True, slots=True)
class Contents:
    """The files of a part of a registry.

    `documents` and `models` are those to be judged, `loose` the paths that belong to no model.
    """

    part: Part
    loose: frozenset[str]
    documents: Mapping[str, Document]
    models: Mapping[str, ModelFiles]
    policy_file: Document | None

    @property
    def modes(self) -> Mapping[str, str]:
        """Every path of the part, and its mode."""
        return self.part.modes

    @property
    def policy(self) -> Policy | None:
        """The policy; None when there is none that is as its schema asks."""
        return policy_of(self.policy_file)


def model_names(paths: Iterable[str]) -> frozenset[str]:
    """Return the names of the models that files at these paths make."""
    names: set[str] = set()
    start = len(f"{layout.ROOT}/")
    for path in paths:
        # Nearly all paths are those of versions of a model that is known by then.
        if path[start : path.find("/versions/", start)] in names:
            continue
        if name := layout.model_made_by(path):
            names.add(name)
    return frozenset(names)


def by_owner(paths: Iterable[str], names: Collection[str]) -> dict[str | None, list[str]]:
    """Return the paths by the model among `names` in whose directory they stand; None for no model's."""
    owned: dict[str | None, list[str]] = {}
    for path in paths:
        owned.setdefault(owner(path, names), []).append(path)
    return owned


def owner(path: str, names: Collection[str]) -> str | None:
    """Return the model among `names` in whose directory `path` stands."""
    parts = path.split("/", 3)
    if len(parts) > 2 and parts[1] in names:
        # In a namespace that is wrongly a model too, the inner model's files are still its own.
        inner = f"{parts[1]}/{parts[2]}"
        return inner if len(parts) > 3 and inner in names else parts[1]
    if len(parts) > 3 and (inner := f"{parts[1]}/{parts[2]}") in names:
        return inner
    return None


def whole(snapshot: Snapshot, only: Collection[str] | None = None) -> Part:
    """All of a registry, with the models in `only` (None: all) to be judged."""
    modes = snapshot.modes(layout.ROOT)
    return Part(modes, model_names(modes), None if only is None else frozenset(only))


def read_contents(snapshot: Snapshot, only: Collection[str] | None = None) -> Contents:
    """Read a registry: the policy, what belongs to no model, and the models in `only` (None: all)."""
    return read_part(snapshot, whole(snapshot, only))


def read_part(snapshot: Snapshot, part: Part) -> Contents:
    """Read a part of a registry: the policy, what belongs to no model, and what is to be judged.

    The other versions of the models that are judged are read when something asks for them.
    """
    places = {path: layout.place(path) for path in part.modes}
    owners = {path: owner(path, part.names) for path in part.modes}
    readable = readable_places(part.modes, places)

    def read(paths: Collection[str]) -> list[Document]:
        readable_paths = [path for path in paths if path in readable]
        later = read_documents(
            snapshot, {path: readable[path] for path in readable_paths if path not in documents}
        )
        return [documents.get(path) or later[path] for path in readable_paths]

    documents = read_documents(
        snapshot, {path: place for path, place in readable.items() if _at_once(place, owners[path], part)}
    )
    judged = part.names if part.models is None else part.names & part.models
    models = {name: ModelFiles(name) for name in sorted(judged)}
    for path, place in places.items():
        if place.model in models:
            _add(models[place.model], path, place, documents, read)
    loose = frozenset(path for path, model in owners.items() if model is None)
    return Contents(part, loose, documents, models, documents.get(layout.POLICY))


def readable_places(modes: Mapping[str, str], paths: Iterable[str]) -> dict[str, Place]:
    """Return what stands at those of `paths` whose files are read: regular ones that the layout has a place
    for.
    """
    places = {path: layout.place(path) for path in paths}
    return {
        path: place
        for path, place in places.items()
        if place.kind is not Kind.STRAY and modes[path] in REGULAR
    }


def policy_of(document: Document | None) -> Policy | None:
    """Return the policy; None when there is none that is as its schema asks."""
    if document is None or document.findings:
        return None
    return document.record if isinstance(document.record, Policy) else None


def _at_once(place: Place, model: str | None, part: Part) -> bool:
    if model is None or part.models is None or model in part.models:
        return not (place.model and place.version) or part.judges(place.model, place.version)
    return False


def _add(
    model: ModelFiles,
    path: str,
    place: Place,
    documents: Mapping[str, Document],
    read: Callable[[Collection[str]], list[Document]],
) -> None:
    """Put a path to where it belongs in its model."""
    if place.kind is Kind.MODEL:
        model.record_file = documents.get(path)
    elif place.kind is Kind.STAGES:
        model.stages_file = documents.get(path)
    elif place.kind is Kind.ORIGIN:
        model.origin_file = documents.get(path)
    elif place.version and is_version(place.version):
        if place.version not in model.versions:
            model.versions[place.version] = VersionFiles(model.name, place.version, read)
        model.versions[place.version].paths.add(path)
