"""The stages.yaml files of a history, each content read and parsed once."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rollbook.errors import InvalidFile
from rollbook.git.objects import ObjectReader
from rollbook.layout import stages_path
from rollbook.records.piecewise import PiecewiseStages
from rollbook.snapshot.snapshot import MAX_FILE
from rollbook.trail.landings import landed_changes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rollbook.git.objects import GitObject
    from rollbook.git.repository import Repository
    from rollbook.records.stages import StageTable

# Looser than the names that may land: what was once recorded past the check stays recorded.
_RECORDABLE = re.compile(r"[A-Za-z0-9_-]{1,64}")


def landed_tables(repository: Repository, tip: str, model: str) -> Iterator[tuple[datetime, StageTable]]:
    """Yield the stages of a model as they landed on the line of a commit, oldest first, each with when.

    A commit that claims to be older than one before it counts as landed with that one.
    """
    path, latest = stages_path(model), 0
    changes = landed_changes(repository, tip, None, [path])
    reader = ObjectReader(repository)
    try:
        tables = StageTables(reader)
        tables.read_ahead(file.new_oid for change in changes for file in change.files if not file.removed)
        for change in changes:
            latest = max(latest, change.committed_at)
            for oid in (file.new_oid for file in change.files if not file.removed):
                if table := tables.table(oid, path):
                    yield datetime.fromtimestamp(latest, UTC), table
    finally:
        reader.close()


def is_recordable(stage: str) -> bool:
    """Return whether a stage of this name, whoever wrote it, can stand in the name of a tag."""
    return _RECORDABLE.fullmatch(stage) is not None


class StageTables:
    """Reads stages by the id of their blob.

    A table that puts a version where no tag could be named after counts as one that can't be read; an alias
    that none could be named after is on no record.
    """

    def __init__(self, reader: ObjectReader) -> None:
        self._reader = reader
        self._parser = PiecewiseStages()
        self._tables: dict[str, StageTable | None] = {}

    def table(self, name: str, path: str) -> StageTable | None:
        """Return the stages in the blob that `name` (an id, or `REV:path`) is; None where they can't be
        read.
        """
        if name not in self._tables:
            self._tables[name] = self._parsed(self._reader.read(name, MAX_FILE), path)
        return self._tables[name]

    def read_ahead(self, names: Iterable[str]) -> None:
        """Read blobs that will be asked for, all at once."""
        unread = [name for name in dict.fromkeys(names) if name not in self._tables]
        for name, blob in zip(unread, self._reader.read_many(unread, MAX_FILE), strict=True):
            self._tables[name] = self._parsed(blob, "")

    def _parsed(self, found: GitObject | None, path: str) -> StageTable | None:
        if found is None or found.type != "blob" or found.data is None:
            return None
        try:
            table = self._parser.parse(found.data, path)
        except InvalidFile:
            return None
        if not all(map(is_recordable, {entry.stage for entry in table.entries})):
            return None
        if all(map(is_recordable, table.alias_entries)):
            return table
        named = {name: entry for name, entry in table.alias_entries.items() if is_recordable(name)}
        return replace(table, alias_entries=named)
