"""The registry that an index holds, as a Snapshot: the same questions and answers as of main in a clone."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, TypeVar

from rollbook import layout
from rollbook.errors import BadCall, Conflict, InvalidFile, NotFound, StorageFailed
from rollbook.layout import Kind
from rollbook.names import is_model_name
from rollbook.records.manifest import parse_manifest
from rollbook.records.policy import FORMAT
from rollbook.snapshot.snapshot import Snapshot
from rollbook.transfer.static_index.document_json import (
    parse_details,
    parse_environments,
    parse_model,
    parse_root,
    removal_mapping,
    stages_mapping,
)
from rollbook.transfer.static_index.documents import DetailsDocument, EnvironmentsDocument, ModelDocument
from rollbook.transfer.static_index.index_layout import ROOT, details_file, environments_file, model_file
from rollbook.yaml.write import dump

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rollbook.records.manifest import Artifact
    from rollbook.transfer.static_index.documents import IndexedVersion, RemoteAddress, RootDocument
    from rollbook.transfer.static_index.index_source import IndexSource

_DVC_CONFIG = ".dvc/config"
_FILE = "100644"

Document = TypeVar("Document", ModelDocument, DetailsDocument, EnvironmentsDocument)


class IndexSnapshot(Snapshot):
    """The files of an index's models: a Snapshot without a repository.

    The first question about a model brings its document, which tells its versions, its stages, and each
    artifact, pointer and removal. What else is asked brings the texts of its small files; with `whole` they
    are asked for at once. `fresh` takes nothing from answers that could not be confirmed.

    `commit` is that of the answer which came last. Reading raises NotFound for a model that the index doesn't
    have and for the list of all models, Conflict when the policy's stages changed between two answers, and
    for a file that is broken on main what a clone raises.
    """

    commit: str | None = None

    def __init__(self, source: IndexSource, *, whole: bool = False, fresh: bool = False) -> None:
        self.label = f"the index at {source.address}"
        self._source = source
        self._whole = whole
        self._fresh = fresh
        self._documents: dict[str, ModelDocument] = {}
        self._details: dict[str, DetailsDocument] = {}
        self._environments: dict[str, Mapping[str, str]] = {}
        self._stage_names: tuple[str, ...] = ()

    def modes(self, directory: str) -> Mapping[str, str]:
        return dict.fromkeys(self._below(directory), _FILE)

    def children(self, directories: Sequence[str]) -> list[dict[str, bool]]:
        return [self._children(directory) for directory in directories]

    def read_many(self, paths: Sequence[str]) -> list[bytes | None]:
        return [self._content(path) for path in paths]

    def mode(self, path: str) -> str | None:
        return None if self._content(path) is None else _FILE

    def close(self) -> None:
        """Nothing is held open."""

    def artifact(self, model: str, version: str) -> Artifact | None:
        if self._whole:
            return None
        indexed = self._document(model).versions[version]
        if indexed.artifact is None:
            raise indexed.error or InvalidFile("there is no artifact", path=f"{model}@{version}")
        return indexed.artifact

    def digests(self, model: str, version: str) -> tuple[str, str]:
        """Return the SHA-256 of a version's manifest and that of its artifact; empty where main is broken."""
        if not self._whole:
            indexed = self._document(model).versions[version]
            return indexed.manifest, indexed.artifact.sha256 if indexed.artifact else ""
        path = layout.manifest_path(model, version)
        data = self._text(model, path) or b""
        return hashlib.sha256(data).hexdigest(), parse_manifest(data, path).artifact.sha256

    def _children(self, directory: str) -> dict[str, bool]:
        model = _model_of(directory)
        if model and not self._whole and directory == layout.versions_directory(model):
            return dict.fromkeys(self._document(model).versions, True)
        names: dict[str, bool] = {}
        for path in self._below(directory):
            name, slash, _ = path[len(directory) + 1 :].partition("/")
            names[name] = bool(slash)
        return names

    def _below(self, directory: str) -> list[str]:
        model = _model_of(directory)
        if not model:
            raise NotFound("an index lists no models", hint="Ask about one by its name.")
        return [path for path in self._detailed(model).files if path.startswith(f"{directory}/")]

    def _content(self, path: str) -> bytes | None:
        if path == layout.POLICY:
            return self._policy(path)
        if path == _DVC_CONFIG:
            document = next(reversed(self._documents.values()), None)
            return _dvc_config((document or self._root()).remote)
        model = _model_of(path)
        if not model:
            return None
        place = layout.place(path)
        if place.kind is Kind.REQUIREMENTS:
            text = self._environment_files(model).get(path)
            return None if text is None else text.encode(errors="surrogateescape")
        if self._whole or place.kind not in (Kind.STAGES, Kind.REMOVAL, Kind.POINTER):
            return self._text(model, path)
        document = self._document(model)
        if place.kind is Kind.STAGES:
            if document.error is not None:
                raise document.error
            return _written(stages_mapping(document.stages), path)
        indexed = document.versions.get(place.version or "")
        if indexed is None:
            return None
        if place.kind is Kind.POINTER:
            return _pointer(indexed, path)
        return _written(removal_mapping(indexed.removal), path) if indexed.removal else None

    def _policy(self, path: str) -> bytes:
        """Return a policy of what an index tells of it: the default alias where no model was asked about yet,
        and so a name alone may be what is asked."""
        root = None if self._stage_names else self._root()
        stages = [{"name": name} for name in (root.stage_names if root else self._stage_names)]
        default = {"default_alias": root.default_alias} if root and root.default_alias else {}
        return _written({"rollbook": FORMAT, "stages": stages, **default}, path)

    def _text(self, model: str, path: str) -> bytes | None:
        text = self._detailed(model).files.get(path)
        return None if text is None else text.encode(errors="surrogateescape")

    def _root(self) -> RootDocument:
        return self._source.read(ROOT, parse_root, fresh=self._fresh)

    def _document(self, model: str) -> ModelDocument:
        if model not in self._documents:
            self._documents[model] = self._asked(model, model_file(model), parse_model)
        return self._documents[model]

    def _detailed(self, model: str) -> DetailsDocument:
        if model not in self._details:
            self._details[model] = self._asked(model, details_file(model), parse_details)
        return self._details[model]

    def _environment_files(self, model: str) -> Mapping[str, str]:
        """Return the files of a model's environments; none where the index has no such document."""
        if model not in self._environments:
            try:
                document = self._asked(model, environments_file(model), parse_environments)
            except NotFound:
                self._detailed(model)  # which there is of every model
                self._environments[model] = {}
            else:
                self._environments[model] = document.files
        return self._environments[model]

    def _asked(self, model: str, name: str, parse: Callable[[bytes, str], Document]) -> Document:
        try:
            document = self._source.read(name, parse, fresh=self._fresh)
        except NotFound as error:
            hint = error.hint or f"{error}. Is the address that of an index?"
            raise NotFound(f"there is no model {model!r}", hint=hint) from error
        if document.model != model:  # names differ by more than case; a host's files may not
            hint = f"{self._source.address} has it under another name. Is the address that of an index?"
            if document.model.lower() == model.lower():
                hint = f"Did you mean {document.model}?"
            raise NotFound(f"there is no model {model!r}", hint=hint)
        if self._stage_names not in ((), document.stage_names):
            raise Conflict("the index is of another policy by now", hint="Open it again.")
        self._stage_names = document.stage_names
        self.commit = document.commit
        return document


def _model_of(path: str) -> str:
    """Return the model that a path is about; empty for one that is about none."""
    name = path.partition("/")[2].partition("/versions/")[0].removesuffix("/versions")
    if name.endswith(".yaml"):
        name = name.rpartition("/")[0]
    return name if is_model_name(name) else ""


def _pointer(indexed: IndexedVersion, path: str) -> bytes | None:
    """Make DVC's pointer anew of what the index tells; it is judged as a file of a registry is."""
    artifact = indexed.artifact
    if indexed.removal is not None or artifact is None or not path.endswith(f"/{artifact.path}.dvc"):
        return None
    if not indexed.md5:
        raise indexed.error or StorageFailed(f"{path}: the index does not tell where the bytes are")
    files = {} if indexed.files is None else {"nfiles": indexed.files}
    out = {"md5": indexed.md5, "size": artifact.size, "hash": "md5", "path": artifact.path, **files}
    return _written({"outs": [out]}, path)


def _dvc_config(remote: RemoteAddress | None) -> bytes:
    from rollbook.artifact.untrusted_remote import named_remote

    if remote is None:
        raise StorageFailed(
            "the index names no remote that holds the bytes: the registry's is a folder beside it",
            hint="Name the place of the bytes: --remote PATH|URL.",
        )
    lines = ["[core]", "remote = index", "['remote \"index\"']", f"url = {remote.url}"]
    text = "\n".join([*lines, *(f"{key} = {value}" for key, value in remote.settings.items())])
    # What a stranger wrote must not end a line, or begin a section.
    if named_remote(text) != (remote.url, dict(remote.settings)):
        raise InvalidFile(f"the address {remote.url[:200]!r} can't be used", path=_DVC_CONFIG, key="url")
    return text.encode()


def _written(data: Mapping[str, object], path: str) -> bytes:
    try:
        return dump(data)
    except BadCall as error:  # the data are a stranger's, not the caller's
        raise InvalidFile(str(error), path=path) from error
