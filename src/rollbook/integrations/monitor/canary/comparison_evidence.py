"""A comparison as evidence of monitoring: made once for each verdict since the share changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook.integrations.monitor.canary.sequential_test import Verdict
from rollbook.integrations.monitor.standing_evidence import Sought
from rollbook.names import moment_text
from rollbook.propose.new_evidence import Examination
from rollbook.records.evidence import MONITORING

if TYPE_CHECKING:
    from rollbook.integrations.monitor.canary.canary_comparison import Comparison
    from rollbook.records.evidence import Evidence

_EXTRA = "canary"
_SAME = ("production", "since", "traffic", "verdict")  # what makes two comparisons one


def sought_of(comparison: Comparison) -> Sought:
    """Return what to look for where the evidence of a comparison is wanted."""

    def is_of(evidence: Evidence) -> bool:
        told = evidence.extra.get(_EXTRA)
        if not isinstance(told, dict) or comparison.window is None:
            return False
        since = moment_text(comparison.window.start)
        wanted = comparison.production, since, comparison.traffic, comparison.verdict.value
        return tuple(told.get(name) for name in _SAME) == wanted

    return Sought(comparison.model, comparison.version, is_of)


def examination(comparison: Comparison) -> Examination:
    """Return what is on record about a comparison that has a verdict."""
    canary, production = comparison.canary_measured, comparison.production_measured
    assert canary is not None, "what has a verdict was measured"
    assert production is not None, "what has a verdict was measured"
    figures = {
        "canary": canary.value,
        "canary_samples": canary.samples,
        "production": production.value,
        "production_samples": production.samples,
        "worse_by": comparison.worse_by,
        "at_least": comparison.least,
        "at_most": comparison.most,
    }
    return Examination(
        kind=MONITORING,
        passed=comparison.verdict is Verdict.PROMOTE,
        summary=f"Canary against {comparison.production}, {comparison.verdict.value}: {comparison.message}",
        metrics={name: figure for name, figure in figures.items() if figure is not None},
        tool={"name": "rollbook"},
        extra={_EXTRA: _told(comparison)},
    )


def _told(comparison: Comparison) -> dict[str, Any]:
    document = comparison.as_document()
    window = document["window"]
    kept = (
        "production", "traffic", "verdict", "source", "metric", "queries", "least_difference", "false_alarm",
        "missed",
    )  # fmt: skip
    return {"since": window["from"], "until": window["to"], **{name: document[name] for name in kept}}
