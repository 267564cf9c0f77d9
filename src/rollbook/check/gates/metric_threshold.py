"""The gate that a metric of the manifest lies within bounds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rollbook.check.gates.gate import Verdict

if TYPE_CHECKING:
    from rollbook.check.gates.gate import Promotion
    from rollbook.records.fields import Fields


class MetricThreshold:
    """`{gate: metric-threshold, to: [production], metric: auc, min: 0.8, max: 0.99, required: true}`"""

    name = "metric-threshold"
    sentence = "A metric of the manifest lies within the bounds that the stage asks for."
    code = "RB401"

    def verdict(self, settings: Fields, promotion: Promotion) -> Verdict:
        metric = settings.text("metric")
        least, greatest = settings.optional_number("min"), settings.optional_number("max")
        threshold = f"{metric} {_bounds(least, greatest)}"
        value = promotion.manifest.metrics.get(metric) if promotion.manifest else None
        if value is None:
            required = settings.flag("required", default=True)
            return Verdict(
                not required, "not measured", threshold, f"Register a version with --metric {metric}=VALUE."
            )
        # Written so that a NaN, which compares with nothing, fails.
        inside = (least is None or value >= least) and (greatest is None or value <= greatest)
        hint = "Register a version that meets it."
        return Verdict(math.isfinite(value) and inside, f"{metric} = {value!r}", threshold, hint)


def _bounds(least: float | None, greatest: float | None) -> str:
    if least is None and greatest is None:
        return "measured"
    if least is None:
        return f"at most {greatest!r}"
    return f"at least {least!r}" if greatest is None else f"between {least!r} and {greatest!r}"
