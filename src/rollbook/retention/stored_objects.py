"""The artifacts and attachments of a registry as its pointers name them, read all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.artifact.pointer import parse_pointer
from rollbook.layout import Kind
from rollbook.records.removal import parse_removal
from rollbook.yaml.strict import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.artifact.pointer import Pointer
    from rollbook.records.removal import Removal
    from rollbook.snapshot.snapshot import Snapshot

# A model and one of its versions.
Key = tuple[str, str]


def pointers(snapshot: Snapshot, directory: str = layout.ROOT) -> Mapping[Key, Pointer]:
    """The pointer of each version below a directory that has its artifact.

    Raises InvalidFile for one that can't be read.
    """
    found = _files(snapshot, directory, Kind.POINTER)
    return {key: parse_pointer(load(data, path), path) for key, path, data in found}


def attached(snapshot: Snapshot, directory: str = layout.ROOT) -> list[tuple[Key, Pointer]]:
    """The pointers to what is attached to evidence below a directory, each with its version. Raises as
    `pointers` does."""
    found = _files(snapshot, directory, Kind.ATTACHMENT)
    return [(key, parse_pointer(load(data, path), path)) for key, path, data in found]


def removals(snapshot: Snapshot, directory: str = layout.ROOT) -> Mapping[Key, Removal]:
    """The record of each version below a directory whose artifact is removed. Raises as `pointers` does."""
    found = _files(snapshot, directory, Kind.REMOVAL)
    return {key: parse_removal(data, path) for key, path, data in found}


def _files(snapshot: Snapshot, directory: str, kind: Kind) -> list[tuple[Key, str, bytes]]:
    places = {path: layout.place(path) for path in snapshot.modes(directory)}
    paths = [path for path, place in places.items() if place.kind is kind]
    found = []
    for path, data in zip(paths, snapshot.read_many(paths), strict=True):
        place = places[path]
        if data is not None and place.model and place.version:
            found.append(((place.model, place.version), path, data))
    return found
