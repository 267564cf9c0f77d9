"""What a compliance report says, as headings, sentences and tables of plain text; how they are written is
another matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.names import time_text
from rollbook.trail.event import Action

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.insight.compliance.compliance_report import ComplianceReport, Step

_DATE = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Table:
    """Column names, and rows of as many cells."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, what is said below it, and a table. `said` are this program's own words; `cells` are not."""

    title: str
    said: str
    table: Table | None = None


def sections(report: ComplianceReport) -> list[Section]:
    """Return the report's sections, in order."""
    return [
        _verification(report),
        _inventory(report),
        _transitions(report),
        _gates(report),
        _exceptions(report),
    ]


def title(report: ComplianceReport) -> str:
    """Return the report's title: what it is about, and the period."""
    return f"Compliance report {report.period.start:{_DATE}} to {report.period.end:{_DATE}}"


def facts(report: ComplianceReport) -> list[tuple[str, str]]:
    """Return what identifies the report: its scope, and the commit that it can be made from again."""
    head = report.verification.head if report.verification else None
    return [
        ("Models", report.model or "all"),
        ("Main at the period's end", report.commit),
        ("Head of the trail", f"{head.tag} {head.object}" if head else "-"),
    ]


def _verification(report: ComplianceReport) -> Section:
    verification = report.verification
    if verification is None:
        table = Table(("Reason",), ((report.unverified,),))
        return Section("Verification", "The audit trail could not be verified here.", table)
    words = {
        "verified": "Verified: every tag of the audit trail says what main's history says.",
        "tampered": "Tampered with: the audit trail and main's history contradict each other.",
        "unknown": "Can't tell: something that verifying needs is not here.",
    }
    signers = verification.signers
    counts = f"{sum(signers.tags.values())} signed, {signers.unsigned} unsigned"
    summary = f"{words[verification.result]} {verification.events} events, {counts}."
    wrong = [(item.code, item.tag, item.commit[:12], item.message) for item in verification.contradictions]
    wrong += [("-", "", "", doubt.message) for doubt in verification.doubts]
    return Section(
        "Verification", summary, Table(("Code", "Tag", "Main", "What"), tuple(wrong)) if wrong else None
    )


def _inventory(report: ComplianceReport) -> Section:
    rows = tuple(
        (
            holding.model,
            holding.version,
            holding.stage,
            holding.owner,
            holding.registered_by,
            holding.artifact_digest,
            holding.manifest_digest,
        )
        for holding in report.holdings
    )
    columns = ("Model", "Version", "Stage", "Owner", "Registered by", "Artifact SHA-256", "Manifest SHA-256")
    summary = f"{len(rows)} versions at the period's end." if rows else "There was no version."
    return Section("Inventory", summary, Table(columns, rows) if rows else None)


def _transitions(report: ComplianceReport) -> Section:
    rows = tuple(_row(step) for step in report.steps)
    columns = (
        "When", "Model", "Version", "What", "From", "To", "Why", "Asked for by", "Approved by",
        "Pull request", "Evidence", "Tag",
    )  # fmt: skip
    summary = f"{len(rows)} events." if rows else "Nothing happened."
    return Section("Registrations and transitions", summary, Table(columns, rows) if rows else None)


def _row(step: Step) -> tuple[str, ...]:
    event = step.tag.event
    return (
        time_text(step.tag.recorded_at),
        event.model,
        event.version,
        event.action.value,
        event.start,
        event.target,
        event.reason,
        event.requested_by,
        ", ".join(event.approved_by),
        step.tag.pull_request,
        ", ".join(path.rpartition("/")[2] for path in step.evidence),
        step.tag.name,
    )


def _gates(report: ComplianceReport) -> Section:
    rows = tuple(row for step in report.steps for row in _gate_rows(step))
    columns = ("Tag", "Gate", "State", "Found", "Asked for")
    summary = (
        "The gates of each transition, judged again from what main held when it landed. Programs that a "
        "policy names are not run again."
        if rows
        else "No gate guarded any of these transitions."
    )
    return Section("Gates", summary, Table(columns, rows) if rows else None)


def _gate_rows(step: Step) -> Iterator[tuple[str, ...]]:
    if step.unjudged:
        yield step.tag.name, "-", "not judged", step.unjudged, ""
    if step.tag.event.action in (Action.ASSIGNED, Action.ALIAS_SET):
        for judged in step.gates:
            verdict = judged.verdict
            yield step.tag.name, judged.gate, verdict.state.value, verdict.figure, verdict.threshold


def _exceptions(report: ComplianceReport) -> Section:
    rows = tuple((step.tag.name, step.tag.event.requested_by, what) for step, what in report.exceptions)
    summary = "What to ask about." if rows else "None: no freeze was set aside, and every gate passes again."
    return Section(
        "Exceptions and overrides", summary, Table(("Tag", "Asked for by", "What"), rows) if rows else None
    )
