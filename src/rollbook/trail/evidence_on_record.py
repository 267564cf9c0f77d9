"""What main's entries have said of evidence of monitoring: that it was set aside, or acted on."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollbook.records.evidence import MONITORING
from rollbook.trail.past_stage_tables import landed_tables

if TYPE_CHECKING:
    from rollbook.git.repository import Repository
    from rollbook.records.stages import StageEntry
    from rollbook.registry.model_version import ModelVersion


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

    def unanswered(self, version: ModelVersion, stage: str) -> list[str]:
        """Return the names of the failed evidence of monitoring about a version's very artifact that was not
        set aside for its way into a stage."""
        model, name = version.model.name, version.version
        subject = model, name, version.artifact.sha256
        answered = self.answered(model, name, stage)
        return [
            evidence.name
            for evidence in version.evidence()
            if evidence.kind == MONITORING
            and not evidence.passed
            and evidence.is_about(*subject)
            and evidence.name not in answered
        ]

    def acted_on(self, model: str, version: str) -> frozenset[str]:
        """Return the names of the evidence about a version on which the monitor made a move."""
        return frozenset(self._said(model).acted_on.get(version, ()))

    def _said(self, model: str) -> _Said:
        if model not in self._models:
            said = self._models[model] = _Said()
            for _, table in landed_tables(self._repository, self._base, model) if self._base else ():
                for entry in (*table.entries, *table.alias_entries.values()):
                    said.hear(entry)
        return self._models[model]
