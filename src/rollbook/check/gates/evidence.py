"""The gate that evidence of a kind has been given, and the newest evidence that counts for a version."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rollbook.check.finding import Rule
from rollbook.check.gates.gate import SettingsSchema, failed, passed, setting
from rollbook.errors import InvalidFile
from rollbook.records.evidence import KINDS, Evidence

if TYPE_CHECKING:
    from collections.abc import Container

    from rollbook.check.document import Document
    from rollbook.check.gates.gate import Promotion, Verdict
    from rollbook.check.registry_files import VersionFiles
    from rollbook.records.fields import Fields
    from rollbook.records.manifest import Manifest

# How far clocks may be apart.
_SKEW = timedelta(minutes=10)
_LONGEST_AGE = 1e6


class EvidenceGate:
    """`{gate: evidence, to: [production], kind: fairness, max_age_days: 30}`"""

    name = "evidence"
    sentence = "The newest evidence of a kind, about this very artifact, says passed and is not too old."
    code = "RB405"
    rule = Rule("evidence", "Evidence of a kind, about this very artifact, has passed and is fresh.")
    schema = SettingsSchema(
        "The newest evidence of a kind, about this very artifact, must have passed.",
        {
            "kind": setting(
                "Evidence kind", "Which kind of evidence.", "evaluation", type="string", enum=list(KINDS)
            ),
            "max_age_days": setting(
                "Greatest age",
                "How old it may be, in days; any age unless set.",
                30,
                type="number",
                minimum=0,
            ),
        },
        example={"to": ["production"], "kind": "fairness", "max_age_days": 30},
        required=("kind",),
        waived_for_rollback=True,
    )

    def verdict(self, settings: Fields, promotion: Promotion) -> Verdict:
        kind, most = settings.text("kind"), settings.optional_number("max_age_days")
        if most is not None and not 0 <= most <= _LONGEST_AGE:
            raise InvalidFile("the greatest age must be 0 days or more", key="max_age_days")
        threshold = f"{kind} passed" + ("" if most is None else f" within the last {most:g} days")
        way = f"Add it: rollbook evidence add {promotion.model}@{promotion.version} {kind} --status ..."
        files = promotion.version_files
        newest = newest_evidence(files, kind)
        if newest is None:
            others = sum(_kind(document) == kind for document in files.evidence) if files else 0
            about = f"; {others} about another artifact or unreadable" if others else ""
            return failed(f"no {kind} evidence about this artifact{about}", threshold, way)
        when = newest.moment
        age = promotion.circumstances.now - when
        figure = f"{kind} {'passed' if newest.passed else 'failed'} on {when.date().isoformat()}"
        if not newest.passed:
            return failed(figure, threshold, "Register a version that passes.")
        if age < -_SKEW:
            return failed(f"{figure}, which is in the future", threshold, way)
        if most is not None and age > timedelta(days=most):
            return failed(f"{figure}, {age.days} days ago", threshold, way)
        return passed(figure, threshold)


def newest_evidence(
    files: VersionFiles | None, kind: str, known: Container[str] | None = None
) -> Evidence | None:
    """Return the newest evidence of a kind that is about the version's very artifact; None when there is
    none.

    Later numbers are newer among those of one time. With `known`, only files at these paths count.
    """
    if files is None or files.manifest is None:
        return None
    subject = files.model, files.version, files.manifest.artifact.sha256
    about = [
        document.record
        for document in files.evidence
        if (known is None or document.path in known)
        and not document.findings
        and isinstance(document.record, Evidence)
        and document.record.kind == kind
        and document.record.is_about(*subject)
    ]
    return max(about, key=lambda record: (record.moment, record.number), default=None)


def metric_of(
    files: VersionFiles | None,
    manifest: Manifest | None,
    metric: str,
    kind: str,
    known: Container[str] | None = None,
) -> float | None:
    """Return a metric of the manifest, or with `kind` of the newest such evidence; None when it was not
    measured.
    """
    if not kind:
        return manifest.metrics.get(metric) if manifest else None
    newest = newest_evidence(files, kind, known)
    return newest.metrics.get(metric) if newest else None


def _kind(document: Document) -> object:
    return document.value.get("kind") if isinstance(document.value, dict) else None


GATE = EvidenceGate()
