"""Which rollbacks the monitor made by itself, as main's history of a model's stages has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.trail.past_stage_tables import landed_tables

if TYPE_CHECKING:
    from datetime import datetime

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
    """Return the automatic rollbacks of a model that the history of main has, oldest first."""
    found: dict[tuple[str, AutomaticMove, str], PastRollback] = {}
    for at, table in landed_tables(repository, main, model):
        for entry in table.entries:
            if entry.automatic and entry.automatic.version != entry.version:
                known = entry.version, entry.automatic, entry.requested_at
                found.setdefault(known, PastRollback(at, entry.version, entry.automatic))
    return list(found.values())
