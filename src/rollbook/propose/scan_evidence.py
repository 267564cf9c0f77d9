"""Scanning what is registered, and the evidence on it that goes into the same commit as the version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.artifact.scan.scanning import scan
from rollbook.artifact.scan.verdict import ScanVerdict
from rollbook.errors import InvalidFile, Refused
from rollbook.propose.new_evidence import Examination, evidence_content
from rollbook.records.evidence import SCAN
from rollbook.registry.registry import Registry
from rollbook.schema.schemas import schema_line
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.yaml.strict import load
from rollbook.yaml.write import dump

if TYPE_CHECKING:
    from rollbook.artifact.scan.verdict import ScanReport
    from rollbook.artifact.storage import Storage, Stored
    from rollbook.git.repository import Repository

_MOST_NAMES = 500
_MOST_REASONS = 50
_LONGEST = 250  # characters of a line of the evidence
_CLOCK = ("created_at", "created_by")


def scan_stored(storage: Storage, stored: Stored) -> ScanReport:
    """Scan what was brought into the cache. Raises Refused for what is malicious, which then leaves the cache
    again: a registry that takes it endangers all who read it."""
    report = scan(storage.bytes_of(stored), stored.format)
    if report.verdict is ScanVerdict.MALICIOUS:
        storage.forget(stored)
        found = [str(reason) for reason in report.reasons if reason.verdict is ScanVerdict.MALICIOUS]
        more = f" (and {len(found) - 3} more)" if len(found) > 3 else ""
        raise Refused(
            f"{stored.pointer.path} is malicious: {'; '.join(found[:3])}{more}",
            hint="Do not load it. Look at all that was found with `rollbook scan PATH`, and at who made it.",
        )
    return report


def scan_remarks(report: ScanReport) -> list[str]:
    """Return what a person has to know of a scan that is not clean."""
    if report.is_clean:
        return []
    return [f"the scan is {report.sentence()}; the evidence says failed. See `rollbook scan --help`"]


def scan_examination(report: ScanReport) -> Examination:
    """Return a scan as evidence, with as many of its names and reasons as a file should have."""
    tool, _, release = report.engine.partition(" ")
    reasons = [str(reason)[:_LONGEST] for reason in report.reasons[:_MOST_REASONS]]
    extra: dict[str, Any] = {
        "verdict": str(report.verdict),
        "allowlist": report.allowlist,
        "globals": [name[:_LONGEST] for name in report.globals[:_MOST_NAMES]],
    }
    return Examination(
        kind=SCAN,
        passed=report.is_clean,
        summary=report.sentence()[:1000],
        metrics={
            "globals": len(report.globals),
            "streams": len(report.streams),
            "opcodes": sum(stream.opcodes for stream in report.streams),
        },
        tool={"name": f"rollbook-scan with {tool}", "version": release or "none"},
        extra={**extra, "reasons": reasons} if reasons else extra,
    )


def scan_evidence(
    repository: Repository, report: ScanReport, model: str, version: str, sha256: str, standing: str | None
) -> dict[str, bytes]:
    """Return the file of evidence on a scan, by its path; none for what can bear neither pickle nor code.

    Where the commit `standing` has a file that says the same, it is that one, with the time of then.
    """
    if not report.bears_code:
        return {}
    path = f"{layout.evidence_directory(model, version)}/{SCAN}-1.yaml"
    data = evidence_content(repository, model, version, sha256, scan_examination(report))
    before = _file_of(repository, standing, path) if standing else None
    if before is not None and _without_clock(before, path) == {
        name: value for name, value in data.items() if name not in _CLOCK
    }:
        return {path: before}
    return {path: dump(data, header=schema_line("evidence", path))}


def _file_of(repository: Repository, commit: str, path: str) -> bytes | None:
    with Registry(repository, commit_snapshot(repository, commit)) as registry:
        (data,) = registry.snapshot.read_many([path])
    return data


def _without_clock(data: bytes, path: str) -> dict[str, Any]:
    try:
        found = load(data, path)
    except InvalidFile:
        return {}
    return {name: value for name, value in found.items() if name not in _CLOCK} if found else {}
