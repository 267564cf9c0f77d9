"""What main's entries have said of evidence of monitoring: that it was set aside, or acted on."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollbook.git.objects import ObjectReader
from rollbook.layout import stages_path
from rollbook.trail.landings import landed_changes
from rollbook.trail.past_stage_tables import StageTables

if TYPE_CHECKING:
    from rollbook.git.repository import Repository
    from rollbook.records.stages import StageEntry


@dataclass(slots=True)
class _Said:
    """Of one model: names of evidence by the version and the stage that they were set aside for, and by the
    version that they are about and that the monitor acted on."""

    set_aside: defaultdict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    acted_on: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def hear(self, entry: StageEntry) -> None:
        """Take in what an entry says."""
        if entry.despite:
            self.set_aside[entry.version, entry.stage].update(entry.despite.evidence)
        if entry.automatic:
            self.acted_on[entry.automatic.version].add(entry.automatic.evidence)


class EvidenceOnRecord:
    """What the entries on the line of a commit have said of evidence; a model's history is read when it is
    first asked for. Without a commit nothing was said."""

    def __init__(self, repository: Repository, base: str | None) -> None:
        self._repository = repository
        self._base = base
        self._models: dict[str, _Said] = {}

    def answered(self, model: str, version: str, stage: str) -> frozenset[str]:
        """Return the names of the evidence that was set aside for a version's way into a stage, or to an
        alias (`@champion`)."""
        return frozenset(self._said(model).set_aside.get((version, stage), ()))

    def acted_on(self, model: str, version: str) -> frozenset[str]:
        """Return the names of the evidence about a version on which the monitor made a move."""
        return frozenset(self._said(model).acted_on.get(version, ()))

    def _said(self, model: str) -> _Said:
        if model not in self._models:
            self._models[model] = self._read(model) if self._base else _Said()
        return self._models[model]

    def _read(self, model: str) -> _Said:
        assert self._base is not None
        path, said = stages_path(model), _Said()
        reader = ObjectReader(self._repository)
        try:
            tables = StageTables(reader)
            changes = landed_changes(self._repository, self._base, None, [path])
            landed = [file.new_oid for change in changes for file in change.files if not file.removed]
            tables.read_ahead(landed)
            for table in filter(None, (tables.table(oid, path) for oid in dict.fromkeys(landed))):
                for entry in (*table.entries, *table.alias_entries.values()):
                    said.hear(entry)
        finally:
            reader.close()
        return said
