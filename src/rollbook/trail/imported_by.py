"""Who brought a version over from another registry: to main's trail, that is who asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.errors import InvalidFile
from rollbook.layout import Kind
from rollbook.records.imported import parse_imported
from rollbook.snapshot.snapshot import MAX_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rollbook.git.objects import ObjectReader
    from rollbook.registry.change import FileChange

_REGULAR = "100"


def importer(reader: ObjectReader, files: Iterable[FileChange], version: str) -> tuple[str, str] | None:
    """By whom and when a version was brought over, of those that one change of main brought.

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
