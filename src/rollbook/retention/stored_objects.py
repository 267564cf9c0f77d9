"""The artifacts and attachments of a registry as its pointers name them, all at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.artifact.pointer import Pointer, parse_pointer
from rollbook.insight.query.index.lookup import ask
from rollbook.layout import Kind
from rollbook.records.removal import parse_removal
from rollbook.yaml.strict import load

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from rollbook.records.removal import Removal
    from rollbook.registry.registry import Registry
    from rollbook.snapshot.snapshot import Snapshot

# A model and one of its versions.
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Stored:
    """The stage of each version, by model and precedence; the pointer and the format of each that has its
    artifact; and the pointers to what is attached to evidence, each with its version."""

    stages: Mapping[Key, str]
    artifacts: Mapping[Key, Pointer]
    formats: Mapping[Key, str]
    attachments: Sequence[tuple[Key, Pointer]]


def stored(registry: Registry) -> Stored:
    """Return what a registry keeps in storage.

    The index answers where every file can be read that matters; the files do elsewhere. Raises InvalidFile
    for stages, a pointer or a manifest that can't be read, NotFound for a manifest that isn't there.
    """
    first_stage = registry.policy.first_stage.name
    is_tree = registry.snapshot.tree_id(layout.ROOT) is not None
    told = ask(registry, partial(_by_index, first_stage), pointers=True) if is_tree else None
    return told or _by_files(registry, first_stage)


def _by_index(first_stage: str, connection: sqlite3.Connection) -> Stored | None:
    """Return what the index knows; None where a file can't be read, or isn't there, that it should know."""
    (unreadable,) = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM pointer WHERE size IS NULL)"
        " OR EXISTS (SELECT 1 FROM problem WHERE kind IN (?, ?))",
        (Kind.MANIFEST.value, Kind.STAGES.value),
    ).fetchone()
    if unreadable:
        return None
    rows = connection.execute(
        "SELECT m.name, v.version, coalesce(v.stage, ?)"
        " FROM version AS v JOIN model AS m ON m.id = v.model_id ORDER BY m.name, v.sort_key",
        (first_stage,),
    )
    stages = {(model, version): stage for model, version, stage in rows}
    artifacts: dict[Key, Pointer] = {}
    formats: dict[Key, str] = {}
    attachments = []
    for model, version, is_attached, form, *facts in connection.execute(
        "SELECT m.name, v.version, p.attached, coalesce(f.format, iif(f.version_id, '', NULL)),"
        " p.name, p.md5, p.size, p.files FROM pointer AS p JOIN model AS m ON m.name = p.model"
        " JOIN version AS v ON v.model_id = m.id AND v.sort_key = p.sort_key"
        " LEFT JOIN manifest AS f ON f.version_id = v.id ORDER BY p.path"
    ):
        key, pointer = (model, version), Pointer(*facts)
        if is_attached:
            attachments.append((key, pointer))
        elif form is None:
            return None
        else:
            artifacts[key], formats[key] = pointer, form
    return Stored(stages, artifacts, formats, attachments)


def _by_files(registry: Registry, first_stage: str) -> Stored:
    models, pointer_map = registry.models(), pointers(registry.snapshot)
    stages, formats = dict[Key, str](), dict[Key, str]()
    for model in models:
        for name in model.version_names:
            entry = model.stages.entry_of(name)
            stages[model.name, name] = entry.stage if entry else first_stage
        for version in model.versions(
            [name for name in model.version_names if (model.name, name) in pointer_map]
        ):
            formats[model.name, version.version] = version.manifest.artifact.format
    artifacts = {key: pointer for key, pointer in pointer_map.items() if key in stages}
    attachments = [pair for pair in attached(registry.snapshot) if pair[0] in stages]
    return Stored(stages, artifacts, formats, attachments)


def pointers(snapshot: Snapshot, directory: str = layout.ROOT) -> Mapping[Key, Pointer]:
    """Return the pointer of each version below a directory that has its artifact.

    Raises InvalidFile for one that can't be read.
    """
    files = _files(snapshot, directory, Kind.POINTER)
    return {key: parse_pointer(load(data, path), path) for key, path, data in files}


def attached(snapshot: Snapshot, directory: str = layout.ROOT) -> list[tuple[Key, Pointer]]:
    """Return the pointers to what is attached to evidence below a directory, each with its version. Raises as
    `pointers` does."""
    files = _files(snapshot, directory, Kind.ATTACHMENT)
    return [(key, parse_pointer(load(data, path), path)) for key, path, data in files]


def removals(snapshot: Snapshot, directory: str = layout.ROOT) -> Mapping[Key, Removal]:
    """Return the record of each version below a directory whose artifact is removed. Raises as `pointers`
    does.
    """
    files = _files(snapshot, directory, Kind.REMOVAL)
    return {key: parse_removal(data, path) for key, path, data in files}


def _files(snapshot: Snapshot, directory: str, kind: Kind) -> list[tuple[Key, str, bytes]]:
    places = {path: layout.place(path) for path in snapshot.modes(directory)}
    paths = [path for path, place in places.items() if place.kind is kind]
    files = []
    for path, data in zip(paths, snapshot.read_many(paths), strict=True):
        place = places[path]
        if data is not None and place.model and place.version:
            files.append(((place.model, place.version), path, data))
    return files
