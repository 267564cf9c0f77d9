"""The manifests of a history: what an event tells of one, each content read and parsed once."""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.errors import InvalidFile
from rollbook.git.objects import ObjectReader
from rollbook.git.repository import discover
from rollbook.records.manifest import parse_manifest
from rollbook.snapshot.snapshot import MAX_FILE
from rollbook.snapshot.workers import processors, spread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rollbook.git.objects import GitObject
    from rollbook.git.repository import Repository
    from rollbook.registry.change import FileChange

MANY = 2000  # blobs that are worth starting processes for


@dataclass(frozen=True, slots=True)
class RegisteredManifest:
    """The manifest's SHA-256, and what it says; empty where it isn't there, or can't be read."""

    digest: str = ""
    reason: str = ""
    registered_by: str = ""
    registered_at: str = ""
    artifact_digest: str = ""


class Manifests:
    """Knows which manifest each version has, as the changes go by; without a reader it knows of none."""

    def __init__(self, reader: ObjectReader | None) -> None:
        self._reader = reader
        self._oids: dict[str, str] = {}
        self._read: dict[str, RegisteredManifest] = {}

    def note(self, file: FileChange) -> None:
        """Note a change of a manifest that has landed."""
        self._oids[file.path] = "" if file.removed else file.new_oid

    def of(self, model: str, version: str, commit: str) -> RegisteredManifest:
        """Return what stands at a commit of main, the last one whose changes went by."""
        path = layout.manifest_path(model, version)
        # The history may have begun before the changes did.
        name = self._oids.get(path, f"{commit}:{path}")
        if not name or self._reader is None:
            return RegisteredManifest()
        if name not in self._read:
            self._read[name] = _registered(self._reader.read(name, MAX_FILE), path)
        return self._read[name]

    def read_ahead(self, names: Iterable[str]) -> None:
        """Read blobs that will be asked for, all at once."""
        if self._reader is None:
            return
        unread = [name for name in dict.fromkeys(names) if name not in self._read]
        for name, blob in zip(unread, self._reader.read_many(unread, MAX_FILE), strict=True):
            self._read[name] = _registered(blob, "")

    def read_all(self, repository: Repository, names: Iterable[str]) -> None:
        """Read very many blobs on all processors: nearly all the time of a long trail goes into parsing them.

        A few are left for later.
        """
        unread = [name for name in dict.fromkeys(names) if name not in self._read]
        if self._reader is None or len(unread) < MANY:
            return
        for name, told in spread(registered_share, str(repository.directory), unread, processors()):
            self._read[name] = RegisteredManifest(*told)


def registered_share(directory: str, names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield what events tell of each manifest, in order: the fields of RegisteredManifest."""
    reader = ObjectReader(discover(Path(directory)))
    try:
        for found in reader.read_many(names, MAX_FILE):
            yield astuple(_registered(found, ""))
    finally:
        reader.close()


def _registered(found: GitObject | None, path: str) -> RegisteredManifest:
    if found is None or found.type != "blob" or found.data is None:
        return RegisteredManifest()
    digest = hashlib.sha256(found.data).hexdigest()
    try:
        manifest = parse_manifest(found.data, path)
    except InvalidFile:
        return RegisteredManifest(digest)
    return RegisteredManifest(
        digest,
        manifest.recorded_reason,
        manifest.registered_by,
        manifest.registered_at,
        manifest.artifact.sha256,
    )
