"""What the registry knows of a version, as far as a card tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.records.evidence import Evidence
    from rollbook.records.manifest import Manifest
    from rollbook.records.model import ModelRecord
    from rollbook.registry.model_version import ModelVersion


@dataclass(frozen=True, slots=True)
class CardFacts:
    """The version's manifest, its model's record, and its evidence, newest first, about this very artifact.

    In `description` and `tags` the notes have won over the manifest, and the manifest's tags over the
    model's. Nothing here changes with the version's stage, so a promotion makes no card stale.
    """

    manifest: Manifest
    record: ModelRecord
    description: str
    tags: Mapping[str, Any]
    evidence: tuple[Evidence, ...]

    def newest(self, *kinds: str) -> list[Evidence]:
        """Return the newest evidence of each of these kinds on each data set."""
        newest: dict[tuple[str, str], Evidence] = {}
        for evidence in self.evidence:
            if evidence.kind in kinds:
                newest.setdefault((evidence.kind, str(evidence.data.get("name", ""))), evidence)
        return list(newest.values())


def card_facts(version: ModelVersion) -> CardFacts:
    """Gather them. Raises NotFound or InvalidFile when a file is missing or broken."""
    manifest, record, notes = version.manifest, version.model.record, version.notes()
    subject = version.model.name, version.version, manifest.artifact.sha256
    about = [evidence for evidence in version.evidence() if evidence.is_about(*subject)]
    return CardFacts(
        manifest=manifest,
        record=record,
        description=notes.description or manifest.description,
        tags={**record.tags, **manifest.tags, **notes.tags},
        # Later numbers are newer among those of one time, whatever their kind.
        evidence=tuple(sorted(about, key=lambda evidence: (evidence.moment, evidence.number), reverse=True)),
    )
