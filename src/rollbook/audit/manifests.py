"""The manifests of a history: what an event tells of one, each content read and parsed once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.errors import InvalidFile
from rollbook.records.manifest import parse_manifest
from rollbook.snapshot import MAX_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rollbook.change import FileChange
    from rollbook.git.objects import GitObject, ObjectReader


@dataclass(frozen=True, slots=True)
class Registered:
    """The manifest's SHA-256, and what it says; empty where it isn't there, or can't be read."""

    digest: str = ""
    description: str = ""
    created_by: str = ""
    created_at: str = ""
    artifact_digest: str = ""


class Manifests:
    """Knows which manifest each version has, as the changes go by."""

    def __init__(self, reader: ObjectReader) -> None:
        self._reader = reader
        self._oids: dict[str, str] = {}
        self._read: dict[str, Registered] = {}

    def note(self, file: FileChange) -> None:
        """A change of a manifest that has landed."""
        self._oids[file.path] = "" if file.removed else file.new_oid

    def of(self, model: str, version: str, commit: str) -> Registered:
        """What stands at a commit of main, the last one whose changes went by."""
        path = layout.manifest_path(model, version)
        # The history may have begun before the changes did.
        name = self._oids.get(path, f"{commit}:{path}")
        if not name:
            return Registered()
        if name not in self._read:
            self._read[name] = _registered(self._reader.read(name, MAX_FILE), path)
        return self._read[name]

    def read_ahead(self, names: Iterable[str]) -> None:
        """Read blobs that will be asked for, all at once."""
        wanted = [name for name in dict.fromkeys(names) if name not in self._read]
        for name, found in zip(wanted, self._reader.read_many(wanted, MAX_FILE), strict=True):
            self._read[name] = _registered(found, "")


def _registered(found: GitObject | None, path: str) -> Registered:
    if found is None or found.type != "blob" or found.data is None:
        return Registered()
    digest = hashlib.sha256(found.data).hexdigest()
    try:
        manifest = parse_manifest(found.data, path)
    except InvalidFile:
        return Registered(digest)
    return Registered(
        digest, manifest.description, manifest.created_by, manifest.created_at, manifest.artifact.sha256
    )
