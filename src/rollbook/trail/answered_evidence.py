"""Which evidence of monitoring was set aside for a version's way into a stage, as main's history has it."""

from __future__ import annotations

import functools
from collections import defaultdict
from typing import TYPE_CHECKING

from rollbook.git.objects import ObjectReader
from rollbook.layout import stages_path
from rollbook.trail.landings import landed_changes
from rollbook.trail.past_stage_tables import StageTables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rollbook.git.repository import Repository

# A version, and the stage or alias (`@champion`) that it came to.
_Arrival = tuple[str, str]


def answered_evidence(repository: Repository, base: str | None) -> Callable[[str, str, str], frozenset[str]]:
    """Return a function that tells, for a model, a version and a stage (or `@alias`), the names of the
    evidence that an entry on the line of `base` set aside with `despite`.

    A model's history is read when it is first asked for.
    """

    @functools.cache
    def of_model(model: str) -> Mapping[_Arrival, set[str]]:
        if base is None:
            return {}
        path = stages_path(model)
        reader = ObjectReader(repository)
        try:
            tables = StageTables(reader)
            changes = landed_changes(repository, base, None, [path])
            landed = [file.new_oid for change in changes for file in change.files if not file.removed]
            tables.read_ahead(landed)
            answered: dict[_Arrival, set[str]] = defaultdict(set)
            for table in filter(None, (tables.table(oid, path) for oid in dict.fromkeys(landed))):
                for entry in (*table.entries, *table.alias_entries.values()):
                    if entry.despite:
                        answered[entry.version, entry.stage].update(entry.despite.evidence)
            return answered
        finally:
            reader.close()

    return lambda model, version, stage: frozenset(of_model(model).get((version, stage), ()))
