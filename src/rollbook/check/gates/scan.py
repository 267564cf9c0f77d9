"""The gate that a scan of the artifact, for what loading it would run, has found nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.check.finding import Rule
from rollbook.check.gates.evidence import newest_evidence
from rollbook.check.gates.gate import SettingsSchema, failed, passed, setting, waiting
from rollbook.errors import InvalidFile, RollbookError
from rollbook.records.evidence import SCAN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from rollbook.artifact.read_only_storage import ReadOnlyStorage
    from rollbook.artifact.scan.verdict import ScanReport
    from rollbook.check.gates.gate import Promotion, Verdict
    from rollbook.records.evidence import Evidence
    from rollbook.records.fields import Fields

_SHOWN = 3
_THRESHOLD = "a clean scan"


class ScanGate:
    """`{gate: scan, to: [production], verify: true, allow: [credit.features.Binner]}`"""

    name = "scan"
    sentence = "A scan of this very artifact found nothing that loading it would run."
    code = "RB419"
    rule = Rule("scan", "A scan of this very artifact found nothing that loading it would run.")
    schema = SettingsSchema(
        "The newest scan of this very artifact must have found nothing that loading it would run.",
        {
            "verify": setting(
                "Verify",
                "Whether the bytes are fetched from the remote and scanned anew, whatever the evidence says; "
                "false unless set.",
                True,
                type="boolean",
                default=False,
            ),
            "allow": setting(
                "Allowed globals",
                "Classes of the team's own that a pickle may import, as `module.Name`, besides those that "
                "Rollbook lists; with `verify` only.",
                ["credit.features.Binner"],
                type="array",
                maxItems=1000,
                items={
                    "title": "Global",
                    "description": "A module and a name in it.",
                    "type": "string",
                    "maxLength": 250,
                    "pattern": r"^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)+$",
                    "examples": ["credit.features.Binner"],
                },
            ),
        },
        example={"to": ["production"], "verify": True},
    )

    def verdict(self, settings: Fields, promotion: Promotion) -> Verdict:
        allow, verify = settings.texts("allow"), settings.flag("verify", default=False)
        if allow and not verify:
            raise InvalidFile("globals are allowed for a new scan only: set `verify: true`", key="allow")
        if promotion.manifest is None:
            return failed("no manifest that can be read", _THRESHOLD)
        if not verify:
            return _by_evidence(promotion)
        if promotion.circumstances.storage is None:
            return waiting("the remote was not asked", _THRESHOLD, "Check where the remote can be reached.")
        try:
            report = _stored_scan(promotion.circumstances.storage, promotion, allow)
        except RollbookError as error:
            return failed(str(error), _THRESHOLD, error.hint)
        if not report.is_clean:
            return failed(_figure(report), _THRESHOLD, _way(report))
        return passed(f"{report.sentence()}, by its bytes", _THRESHOLD)


def _by_evidence(promotion: Promotion) -> Verdict:
    from rollbook.artifact.scan.formats_without_code import FORMATS_WITHOUT_CODE

    newest = newest_evidence(promotion.version_files, SCAN)
    way = f"Scan it: rollbook scan {promotion.model}@{promotion.version} --record"
    if newest is not None:
        figure = f"the scan of {newest.moment.date().isoformat()} says {_said(newest)}"
        return passed(figure, _THRESHOLD) if newest.passed else failed(figure, _THRESHOLD, way)
    assert promotion.manifest is not None
    form = promotion.manifest.artifact.format
    if form in FORMATS_WITHOUT_CODE:
        return passed(f"{form}, which nothing unpickles", _THRESHOLD)
    return failed("no scan of this artifact", _THRESHOLD, way)


def _said(evidence: Evidence) -> str:
    return evidence.summary or ("clean" if evidence.passed else "failed")


def _figure(report: ScanReport) -> str:
    shown = "; ".join(str(reason) for reason in report.reasons[:_SHOWN])
    more = len(report.reasons) - _SHOWN
    return f"{report.verdict}: {shown}" + (f"; and {more} more" if more > 0 else "")


def _way(report: ScanReport) -> str:
    strangers = list(dict.fromkeys(reason.subject for reason in report.reasons if reason.subject))
    if strangers and len(strangers) == len(report.reasons) and report.verdict.value == "suspicious":
        return f"If these are your own, name them in the gate's `allow`: {', '.join(strangers[:_SHOWN])}."
    return "Register the model in a format that runs no code, such as onnx or skops, as a new version."


def _stored_scan(
    open_storage: Callable[[], AbstractContextManager[ReadOnlyStorage]],
    promotion: Promotion,
    allow: Sequence[str],
) -> ScanReport:
    """Scan the bytes. Raises StorageFailed, and InvalidFile where no pointer leads to them."""
    from rollbook.artifact.pointer import parse_pointer
    from rollbook.artifact.scan.stored_scan import stored_scan

    files, manifest = promotion.version_files, promotion.manifest
    pointers = files.pointers if files else []
    if manifest is None or len(pointers) != 1 or pointers[0].findings:
        raise InvalidFile("no pointer that can be read", hint="Register it with `rollbook register`.")
    pointer = parse_pointer(pointers[0].value, pointers[0].path)
    with open_storage() as storage:
        return stored_scan(storage, pointer, manifest.artifact, allow)


GATE = ScanGate()
