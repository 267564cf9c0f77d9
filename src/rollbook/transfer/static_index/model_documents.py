"""Making the documents of models from the files of a commit."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.artifact.pointer import parse_pointer, unsafe_artifact_name
from rollbook.errors import InvalidFile, NotFound, RollbookError, StorageFailed
from rollbook.layout import Kind
from rollbook.names import is_version, precedence
from rollbook.records.manifest import parse_manifest
from rollbook.records.removal import parse_removal
from rollbook.records.stages import StageTable
from rollbook.registry.registry import stage_table
from rollbook.transfer.static_index.documents import (
    DetailsDocument,
    EnvironmentsDocument,
    IndexedVersion,
    LastEvent,
    ModelDocument,
)
from rollbook.yaml.strict import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.artifact.pointer import Pointer
    from rollbook.records.manifest import Artifact
    from rollbook.records.removal import Removal
    from rollbook.snapshot.tree_snapshot import TreeSnapshot
    from rollbook.trail.standing_tags import StandingTag
    from rollbook.transfer.static_index.changed_models import Settings

_TOLD = (layout.SCHEMAS.keys() - {Kind.POLICY}) | {Kind.MODEL_SIGNATURE, Kind.PROVENANCE}
_READ = _TOLD | {Kind.REQUIREMENTS}
_TOGETHER = 100  # models whose files are read at once

Contents = dict[str, "bytes | InvalidFile"]


def documents(
    snapshot: TreeSnapshot,
    settings: Settings,
    commits: Mapping[str, str],
    events: Mapping[str, StandingTag],
) -> Iterator[tuple[ModelDocument, DetailsDocument, EnvironmentsDocument]]:
    """Return the documents of each model in `commits` (the commit that last changed it), in that order."""
    names = list(commits)
    for start in range(0, len(names), _TOGETHER):
        together = names[start : start + _TOGETHER]
        contents = _contents(snapshot, together)
        listed = snapshot.children([layout.versions_directory(name) for name in together])
        for name, directories in zip(together, listed, strict=True):
            versions = [version for version, is_directory in directories.items() if is_directory]
            yield (
                _model_document(
                    name, versions, contents[name], settings, commits[name], _last(events.get(name))
                ),
                DetailsDocument(
                    name, commits[name], settings.stage_names, _texts(contents[name], environments=False)
                ),
                EnvironmentsDocument(
                    name, commits[name], settings.stage_names, _texts(contents[name], environments=True)
                ),
            )


def _contents(snapshot: TreeSnapshot, names: Sequence[str]) -> dict[str, Contents]:
    """Return the small files of each model by path; the error in place of one that can't be read."""
    files: dict[str, Contents] = {name: {} for name in names}
    paths = [
        path
        for path in snapshot.modes_at([f"{layout.model_directory(name)}/" for name in names])
        if (place := layout.place(path)).kind in _READ and place.model in files
    ]
    try:
        contents: list[bytes | InvalidFile | None] = [*snapshot.read_many(paths)]
    except InvalidFile:
        contents = [_read(snapshot, path) for path in paths]
    for path, content in zip(paths, contents, strict=True):
        if content is not None:
            files[layout.place(path).model or ""][path] = content
    return files


def _read(snapshot: TreeSnapshot, path: str) -> bytes | InvalidFile | None:
    try:
        return snapshot.read_many([path])[0]
    except InvalidFile as error:
        return error


def _model_document(
    name: str,
    versions: Sequence[str],
    contents: Contents,
    settings: Settings,
    commit: str,
    last_event: LastEvent | None,
) -> ModelDocument:
    error: RollbookError | None = None
    table = StageTable()
    try:
        table = stage_table(name, _bytes(contents, layout.stages_path(name)))
    except InvalidFile as problem:
        error = problem
    indexed = (
        _version(name, version, contents) for version in sorted(filter(is_version, versions), key=precedence)
    )
    return ModelDocument(
        model=name,
        commit=commit,
        last_event=last_event,
        stage_names=settings.stage_names,
        stages=table,
        versions={version.version: version for version in indexed},
        remote=settings.remote,
        error=error,
    )


def _texts(contents: Contents, *, environments: bool) -> dict[str, str]:
    """Return the texts of the files of environments, or those of all other files, by path."""
    return {
        path: content.decode(errors="surrogateescape")
        for path, content in sorted(contents.items())
        if isinstance(content, bytes) and (layout.place(path).kind is Kind.REQUIREMENTS) == environments
    }


def _version(model: str, version: str, contents: Contents) -> IndexedVersion:
    path = layout.manifest_path(model, version)
    digest = ""
    try:
        data = _required(contents, path)
        digest = hashlib.sha256(data).hexdigest()
        artifact = parse_manifest(data, path).artifact
    except (InvalidFile, NotFound) as error:
        return IndexedVersion(version, None, digest, "", None, error)
    try:
        removal = _removal(model, version, contents)
        pointer = None if removal else _pointer(model, version, artifact, contents)
    except (InvalidFile, NotFound, StorageFailed) as error:
        return IndexedVersion(version, artifact, digest, "", None, error)
    if pointer is None:
        return IndexedVersion(version, artifact, digest, "", None, removal=removal)
    return IndexedVersion(version, artifact, digest, pointer.md5, pointer.files)


def _removal(model: str, version: str, contents: Contents) -> Removal | None:
    path = layout.removal_path(model, version)
    data = _bytes(contents, path)
    return None if data is None else parse_removal(data, path)


def _pointer(model: str, version: str, artifact: Artifact, contents: Contents) -> Pointer:
    if reason := unsafe_artifact_name(artifact.path):
        raise InvalidFile(
            f"{artifact.path!r} {reason}", path=layout.manifest_path(model, version), key="artifact.path"
        )
    path = layout.pointer_path(model, version, artifact.path)
    pointer = parse_pointer(load(_required(contents, path), path), path)
    if (pointer.path, pointer.size) != (artifact.path, artifact.size):
        raise StorageFailed(
            f"{path}: it is about {pointer.path}, {pointer.size} bytes; the manifest says {artifact.path}, "
            f"{artifact.size} bytes",
            hint="One of them was changed after registration; see `rollbook audit verify`.",
        )
    return pointer


def _required(contents: Contents, path: str) -> bytes:
    data = _bytes(contents, path)
    if data is None:
        raise NotFound(f"{path} does not exist", hint="Run `rollbook check --all`.")
    return data


def _bytes(contents: Contents, path: str) -> bytes | None:
    content = contents.get(path)
    if isinstance(content, InvalidFile):
        raise content
    return content


def _last(tag: StandingTag | None) -> LastEvent | None:
    return LastEvent(tag.inner, tag.oid, int(tag.trailer("Event"))) if tag else None
