"""What the verbs return, where the core has no word for it. `rollbook.document` makes JSON data of each."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rollbook.insight.tabular import Tabular

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rollbook.check.finding import Finding
    from rollbook.check.promotion_report import GateReport
    from rollbook.insight.tabular import TypedColumn
    from rollbook.records.deprecation import Deprecation
    from rollbook.records.evidence import Evidence
    from rollbook.records.imported import Imported
    from rollbook.records.manifest import Manifest
    from rollbook.records.model import ModelRecord
    from rollbook.records.notes import Notes
    from rollbook.records.removal import Removal
    from rollbook.records.stages import StageEntry
    from rollbook.registry.served import Served
    from rollbook.trail.event import Event
    from rollbook.trail.tag import RecordedTag
    from rollbook.transfer.gto.past_events import PastEvent
    from rollbook.transfer.static_index.index_branch import Published
    from rollbook.transfer.static_index.index_export import WrittenIndex


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything known of a version. `description` and `tags` are those of the manifest with those of the
    notes, which win; `transition` is its line of stages.yaml, None at the first stage; `served` when evidence
    says that it last served, None where none does."""

    model: str
    version: str
    stage: str
    deprecated: Deprecation | None
    removed: Removal | None
    imported: Imported | None
    aliases: tuple[str, ...]
    commit: str | None
    path: str
    transition: StageEntry | None
    record: ModelRecord
    description: str
    tags: Mapping[str, str]
    manifest: Manifest
    notes: Notes
    evidence: tuple[Evidence, ...]
    signature: ShownSignature | None = None
    served: Served | None = None

    def as_document(self) -> dict[str, Any]:
        """Return it all as JSON data."""
        from rollbook.records.imported import as_mapping

        return {
            "model": self.model,
            "version": self.version,
            "stage": self.stage,
            "deprecated": self.deprecated.as_document() if self.deprecated else None,
            "removed": self.removed.as_document() if self.removed else None,
            "imported": as_mapping(self.imported),
            "aliases": list(self.aliases),
            "commit": self.commit,
            "path": self.path,
            "transition": asdict(self.transition) if self.transition else None,
            "record": asdict(self.record),
            "description": self.description,
            "tags": dict(self.tags),
            "manifest": asdict(self.manifest),
            "notes": asdict(self.notes),
            "evidence": [evidence.as_document() for evidence in self.evidence],
            "signature": asdict(self.signature) if self.signature else None,
            "served": self.served.as_document() if self.served else None,
        }

    def _repr_html_(self) -> str:
        from rollbook.api.shown_in_notebooks import shown_html

        return shown_html(self)


@dataclass(frozen=True, slots=True)
class ShownSignature:
    """A version's signature: which of the policy's signers made it, empty where none is known to have; what
    its maker is known by, or says; and `why` nobody is known to have made it."""

    signer: str
    known_by: str
    why: str

    def __str__(self) -> str:
        if self.signer:
            return f"by {self.signer} ({self.known_by})"
        return f"by {self.known_by}, not verified: {self.why}"


@dataclass(frozen=True, slots=True)
class Fetched:
    """An artifact that was written to `output`, verified; `size` is in bytes. `environment` is where the file
    of its environment was put, `environment_sha256` the digest of it; None where it was not asked for.
    `signed_by` is whose signature of it was verified, empty where none was."""

    model: str
    version: str
    output: Path
    sha256: str
    size: int
    deprecated: Deprecation | None
    environment: Path | None = None
    environment_sha256: str | None = None
    signed_by: str = ""


@dataclass(frozen=True, slots=True)
class MadeCard:
    """A version's model card: where it stands, whether what stands there says something else (`stale`), its
    text, and the placeholders that nothing on record fills."""

    model: str
    version: str
    commit: str | None
    path: str
    stale: bool
    text: str
    unfilled: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class History(Tabular):
    """What happened, oldest first: the events of the trail, and before them those of older tags. `evidence`
    has, by the event's tag, the paths of the evidence that stood with its version when it landed."""

    events: Sequence[RecordedTag]
    past: Sequence[PastEvent]
    evidence: Mapping[str, tuple[str, ...]]

    def as_document(self) -> list[dict[str, Any]]:
        """Return the events as JSON data."""
        from rollbook.trail.event_json import event_mapping

        before = [event.as_mapping() for event in self.past]
        own = [
            {**event_mapping(tag), "evidence": list(self.evidence.get(tag.name, ()))} for tag in self.events
        ]
        return before + own

    def table_columns(self) -> list[TypedColumn]:
        """Return the columns of a table with a row for each event."""
        from rollbook.insight.event_table import event_columns

        return event_columns(self.as_document())

    def _repr_html_(self) -> str:
        from rollbook.api.shown_in_notebooks import history_html

        return history_html(self)


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check found. `no_review` says why no review on the forge counts, where that can't be told."""

    findings: Sequence[Finding]
    no_review: str = ""

    @property
    def passed(self) -> bool:
        """Whether no finding is an error."""
        return all(finding.severity != "error" for finding in self.findings)

    def as_document(self) -> dict[str, Any]:
        """Return the findings, and how many there are, as JSON data."""
        from rollbook.check.report.findings_json import as_data

        return as_data(self.findings)


@dataclass(frozen=True, slots=True)
class GateReports:
    """What each promotion meets."""

    promotions: Sequence[GateReport]

    @property
    def met(self) -> bool:
        """Whether no gate of any of them fails or waits."""
        return all(report.met for report in self.promotions)

    def as_document(self) -> dict[str, Any]:
        """Return the promotions and their gates as JSON data."""
        return {"met": self.met, "promotions": [report.as_document() for report in self.promotions]}

    def _repr_html_(self) -> str:
        from rollbook.api.shown_in_notebooks import gates_html

        return gates_html(self)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The events whose tags were written, and the names of stray tags: those that look like the trail's and
    record nothing that main holds."""

    events: Sequence[Event]
    strays: Sequence[str] = ()

    def as_document(self) -> list[dict[str, str]]:
        """Return each event's tag and summary as JSON data."""
        return [{"tag": event.tag, "summary": event.summary} for event in self.events]


@dataclass(frozen=True, slots=True)
class EvidenceOnVersion:
    """The evidence on a version, by kind and number."""

    model: str
    version: str
    evidence: Sequence[Evidence]


@dataclass(frozen=True, slots=True)
class FetchedEvidence:
    """What was attached to the evidence `name` of a version, and was written to `outputs`, verified."""

    model: str
    version: str
    name: str
    outputs: Sequence[Path]


@dataclass(frozen=True, slots=True)
class ExportedIndex:
    """An index that was written to a folder, what came of it, and what a branch holds now, where one was
    named."""

    output: Path
    exported: WrittenIndex
    published: Published | None

    def as_document(self) -> dict[str, Any]:
        """Return what was written as JSON data."""
        published = self.published.commit if self.published else None
        return {"output": str(self.output), **asdict(self.exported), "published": published}
