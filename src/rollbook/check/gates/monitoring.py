"""The gate that no failed evidence of monitoring about a version stands unanswered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.check.finding import Rule
from rollbook.check.gates.gate import SettingsSchema, failed, passed
from rollbook.layout import Kind
from rollbook.names import alias_of, is_alias_target
from rollbook.records.evidence import MONITORING, Evidence, evidence_kind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from rollbook.check.document import Document
    from rollbook.check.gates.gate import Circumstances, Promotion, Verdict
    from rollbook.check.registry_files import VersionFiles
    from rollbook.records.fields import Fields
    from rollbook.records.stages import StageEntry

_SHOWN = 5


class MonitoringGate:
    """`{gate: monitoring, to: [production]}`"""

    name = "monitoring"
    sentence = (
        "No failed evidence of monitoring is about this very artifact, unless the move says `despite` which, "
        "and why."
    )
    code = "RB422"
    rule = Rule(
        "monitoring", "What monitoring found at fault enters a stage only by an entry that says so and why."
    )
    schema = SettingsSchema(
        "No failed evidence of monitoring may be about the version, unless its entry, now or in an earlier "
        "stay in the stage, says `despite` which, and why.",
        {},
        example={"to": ["production"]},
    )

    def verdict(self, settings: Fields, promotion: Promotion) -> Verdict:
        threshold = "no failed evidence of monitoring, or a word on it"
        before = promotion.standing.entry_of(promotion.version)
        if _gains_nothing(before, promotion):
            return passed("stays, with no larger share of the traffic", threshold)
        if unreadable := _unreadable(promotion.version_files):
            return failed(f"{unreadable} can't be read", threshold, "See `rollbook check --all`.")
        found = failed_monitoring(promotion.version_files)
        despite = promotion.entry.despite if promotion.entry else None
        named = despite.evidence if despite else ()
        left = unanswered(found, promotion.circumstances, promotion.target, named)
        if left:
            what = ", ".join(left[:_SHOWN]) + (f" and {len(left) - _SHOWN} more" if left[_SHOWN:] else "")
            return failed(f"{what} failed", threshold, f"Say why it may pass all the same: {_way(promotion)}")
        if despite:
            return passed(f"despite {despite}"[:200], threshold)
        return passed("answered before" if found else "none failed", threshold)


def _way(promotion: Promotion) -> str:
    reference = f"{promotion.model}@{promotion.version}"
    if is_alias_target(promotion.target):
        return f"rollbook alias {reference} {alias_of(promotion.target)} --despite REASON"
    return f"rollbook promote {reference} {promotion.target} --despite REASON"


def _gains_nothing(before: StageEntry | None, promotion: Promotion) -> bool:
    """Return whether a version is in the stage already, and gets no larger share of the traffic."""
    entry = promotion.entry
    if before is None or entry is None or before.stage != promotion.target:
        return False
    return (entry.traffic or 0) <= (before.traffic or 0)


def monitoring_evidence(files: VersionFiles | None) -> list[Evidence]:
    """Return the evidence of monitoring about a version's very artifact, by its numbers."""
    if files is None or files.manifest is None:
        return []
    subject = files.model, files.version, files.manifest.artifact.sha256
    found = (document.record for document in _monitoring(files) if not document.findings)
    records = [record for record in found if isinstance(record, Evidence) and record.is_about(*subject)]
    return sorted(
        (record for record in records if record.kind == MONITORING), key=lambda record: record.number
    )


def failed_monitoring(files: VersionFiles | None) -> list[Evidence]:
    """Return the failed evidence of monitoring about a version's very artifact, by its numbers."""
    return [evidence for evidence in monitoring_evidence(files) if not evidence.passed]


def unanswered(
    found: Collection[Evidence], known: Circumstances, stage: str, named: Collection[str] = ()
) -> list[str]:
    """Return the names of failed evidence that neither `named` nor an earlier stay in the stage answers."""
    left = [record for record in found if record.name not in named]
    if not left:
        return []
    said = known.said_of_evidence
    answered = said.answered(left[0].model, left[0].version, stage) if said else frozenset[str]()
    return [record.name for record in left if record.name not in answered]


def _monitoring(files: VersionFiles) -> Iterable[Document]:
    documents = files.documents.get(Kind.EVIDENCE, ())
    return (document for document in documents if evidence_kind(document.path) == MONITORING)


def _unreadable(files: VersionFiles | None) -> str:
    """Return the path of evidence of monitoring that is not as its schema asks; empty without any."""
    return next((document.path for document in _monitoring(files) if document.findings), "") if files else ""


GATE = MonitoringGate()
