"""Which rollbacks the monitor made by itself, as main's history of a model's stages has them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rollbook.git.objects import ObjectReader
from rollbook.layout import stages_path
from rollbook.trail.landings import landed_changes
from rollbook.trail.past_stage_tables import StageTables

if TYPE_CHECKING:
    from rollbook.git.repository import Repository
    from rollbook.records.stages import AutomaticMove


@dataclass(frozen=True, slots=True)
class PastRollback:
    """A rollback that the monitor asked for and that landed: `at` is when, to which version, and which it
    took out on which evidence."""

    at: datetime
    version: str
    out: AutomaticMove


def past_rollbacks(repository: Repository, main: str, model: str) -> list[PastRollback]:
    """Return the automatic rollbacks of a model that the history of main has, oldest first.

    A commit that claims to be older than one before it counts as landed with that one.
    """
    path = stages_path(model)
    reader = ObjectReader(repository)
    try:
        tables = StageTables(reader)
        changes = landed_changes(repository, main, None, [path])
        tables.read_ahead(file.new_oid for change in changes for file in change.files if not file.removed)
        found: dict[tuple[str, AutomaticMove, str], PastRollback] = {}
        latest = 0
        for change in changes:
            latest = max(latest, change.committed_at)
            for oid in (file.new_oid for file in change.files if not file.removed):
                table = tables.table(oid, path)
                for entry in table.entries if table else ():
                    if entry.automatic and entry.automatic.version != entry.version:
                        known = entry.version, entry.automatic, entry.requested_at
                        at = datetime.fromtimestamp(latest, UTC)
                        found.setdefault(known, PastRollback(at, entry.version, entry.automatic))
        return list(found.values())
    finally:
        reader.close()
