"""The gate that a metric lies within bounds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rollbook.check.finding import Rule
from rollbook.check.gates.evidence import metric_of
from rollbook.check.gates.gate import SettingsSchema, failed, passed, ref, setting
from rollbook.records.evidence import KINDS

if TYPE_CHECKING:
    from rollbook.check.gates.gate import Promotion, Verdict
    from rollbook.records.fields import Fields


class MetricThreshold:
    """`{gate: metric-threshold, to: [production], metric: auc, min: 0.8, max: 0.99, evidence: evaluation}`"""

    name = "metric-threshold"
    sentence = "A metric of the manifest, or of the newest evidence of a kind, lies within bounds."
    code = "RB401"
    rule = Rule(
        "metric threshold", "A metric of the manifest, or of evidence, lies within the bounds of a stage."
    )
    schema = SettingsSchema(
        "A metric of the manifest, or of the newest evidence of a kind, must lie within bounds.",
        {
            "metric": setting(
                "Metric",
                "The metric's name in the manifest, or in the evidence.",
                "auc",
                **ref("metric-name"),
            ),
            "min": setting("Least value", "The smallest value that passes.", 0.85, type="number"),
            "max": setting("Greatest value", "The greatest value that passes.", 0.2, type="number"),
            "required": setting(
                "Metric required",
                "Whether a version without the metric fails the gate; true unless set.",
                True,
                type="boolean",
                default=True,
            ),
            "evidence": setting(
                "Evidence kind",
                "Read the metric from the newest evidence of this kind instead of the manifest.",
                "evaluation",
                type="string",
                enum=list(KINDS),
            ),
        },
        example={"to": ["production"], "metric": "auc", "min": 0.85},
        required=("metric",),
        waived_for_rollback=True,
    )

    def verdict(self, settings: Fields, promotion: Promotion) -> Verdict:
        metric, kind = settings.text("metric"), settings.optional_text("evidence")
        least, greatest = settings.optional_number("min"), settings.optional_number("max")
        threshold = f"{metric} {_bounds(least, greatest)}"
        value = metric_of(promotion.version_files, promotion.manifest, metric, kind)
        if value is None:
            way = (
                f"Add evidence of kind {kind} that gives {metric}."
                if kind
                else (f"Register a version with --metric {metric}=VALUE.")
            )
            required = settings.flag("required", default=True)
            unmeasured = f"{metric} not measured"
            return failed(unmeasured, threshold, way) if required else passed(unmeasured, threshold)
        figure = f"{metric} = {value!r}"
        # Written so that a NaN, which compares with nothing, fails.
        inside = (least is None or value >= least) and (greatest is None or value <= greatest)
        if math.isfinite(value) and inside:
            return passed(figure, threshold)
        return failed(figure, threshold, "Register a version that meets it.")


def _bounds(least: float | None, greatest: float | None) -> str:
    if least is None and greatest is None:
        return "measured"
    if least is None:
        return f"at most {greatest!r}"
    return f"at least {least!r}" if greatest is None else f"between {least!r} and {greatest!r}"


GATE = MetricThreshold()
