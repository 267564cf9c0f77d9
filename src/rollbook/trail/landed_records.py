"""What the records that land beside a manifest tell the trail: who brought a version over from elsewhere, and
which artifacts were removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.errors import InvalidFile
from rollbook.layout import Kind
from rollbook.names import is_version, precedence
from rollbook.records.imported import parse_imported
from rollbook.records.removal import parse_removal
from rollbook.snapshot.snapshot import MAX_FILE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from rollbook.git.objects import ObjectReader
    from rollbook.registry.change import FileChange

_REGULAR = "100"


def importer(reader: ObjectReader, files: Iterable[FileChange], version: str) -> tuple[str, str] | None:
    """Return by whom and when a version was brought over, of those that one change of main brought.

    None where it wasn't, or where its file can't be read: the manifest's own word counts then.
    """
    for file in files:
        if file.place.kind is Kind.IMPORT and file.place.version == version and file.added:
            blob = reader.read(file.new_oid, MAX_FILE) if file.new_mode.startswith(_REGULAR) else None
            try:
                nearest = parse_imported(blob.data if blob and blob.data else b"", file.path).nearest
            except InvalidFile:
                return None
            return nearest.imported_by, nearest.imported_at
    return None


@dataclass(frozen=True, slots=True)
class Removed:
    """A removal that landed; what its file does not tell, because it can't be read, is empty."""

    version: str
    stage: str = ""
    reason: str = ""
    requested_by: str = ""
    requested_at: str = ""


def removals(reader: ObjectReader, files: Iterable[FileChange], known: Collection[str]) -> list[Removed]:
    """Return the removals that one change brought to versions in `known`, by version."""
    added = [
        file
        for file in files
        if file.place.kind is Kind.REMOVAL and file.added and file.new_mode.startswith(_REGULAR)
    ]
    lawful = [file for file in added if is_version(file.place.version or "") and file.place.version in known]
    lawful.sort(key=lambda file: precedence(file.place.version or ""))
    return [_read(reader, file) for file in lawful]


def _read(reader: ObjectReader, file: FileChange) -> Removed:
    version = file.place.version or ""
    blob = reader.read(file.new_oid, MAX_FILE)
    try:
        told = parse_removal(blob.data if blob and blob.data else b"", file.path)
    except InvalidFile:
        return Removed(version)
    return Removed(version, told.stage, told.reason, told.removed_by, told.removed_at)
