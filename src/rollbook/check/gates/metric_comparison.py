"""The gate that a version is no worse than the one that holds a stage."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rollbook.check.finding import Rule
from rollbook.check.gates.evidence import metric_of
from rollbook.check.gates.gate import SettingsSchema, failed, passed, ref, setting
from rollbook.errors import InvalidFile
from rollbook.names import is_alias_target
from rollbook.records.evidence import KINDS

if TYPE_CHECKING:
    from rollbook.check.gates.gate import Promotion, Verdict
    from rollbook.records.fields import Fields

DIRECTIONS = ("higher", "lower")


class MetricComparison:
    """`{gate: metric-comparison, to: [production], metric: auc, with: production, direction: higher}`"""

    name = "metric-comparison"
    sentence = (
        "A metric is better than that of the version in a stage, or not worse by more than a tolerance."
    )
    code = "RB402"
    rule = Rule(
        "metric comparison", "A metric is better than that of a stage's version, or within a tolerance of it."
    )
    schema = SettingsSchema(
        "A metric must be better than that of the version in a stage, or not worse by more than a tolerance. "
        "Without another version that has the metric the gate passes.",
        {
            "metric": setting(
                "Metric",
                "The metric's name in the manifest, or in the evidence.",
                "auc",
                **ref("metric-name"),
            ),
            "with": setting(
                "Compared with",
                "The stage, or the alias (`@champion`), whose version is compared with; the best one, where "
                "several hold it.",
                "production",
                **ref("stage-or-alias"),
            ),
            "direction": setting(
                "Direction", "Which values are better.", "higher", type="string", enum=list(DIRECTIONS)
            ),
            "better": setting(
                "Strictly better",
                "Whether an equal figure fails; false unless set.",
                True,
                type="boolean",
                default=False,
            ),
            "tolerance": setting(
                "Tolerance",
                "How much worse it may be, in the metric's own unit; 0 unless set.",
                0.01,
                type="number",
                minimum=0,
            ),
            "tolerance_percent": setting(
                "Tolerance in percent",
                "How much worse it may be, in percent of the other's figure; added to `tolerance`.",
                2,
                type="number",
                minimum=0,
                maximum=100,
            ),
            "evidence": setting(
                "Evidence kind",
                "Read both metrics from the newest evidence of this kind instead of the manifests.",
                "evaluation",
                type="string",
                enum=list(KINDS),
            ),
        },
        example={
            "to": ["production"],
            "metric": "auc",
            "with": "production",
            "direction": "higher",
            "tolerance": 0.01,
        },
        required=("metric", "with", "direction"),
        waived_for_rollback=True,
    )

    def verdict(self, settings: Fields, promotion: Promotion) -> Verdict:
        metric, stage = settings.text("metric"), settings.text("with")
        kind, direction = settings.optional_text("evidence"), settings.text("direction")
        if direction not in DIRECTIONS:
            raise InvalidFile(f"the direction must be {' or '.join(DIRECTIONS)}", key="direction")
        is_known = is_alias_target(stage) or promotion.policy is None or promotion.policy.has_stage(stage)
        if not is_known:
            raise InvalidFile(f"there is no stage {stage[:60]!r}", key="with")
        others = {
            other.version: metric_of(other, other.manifest, metric, kind, promotion.before)
            for other in promotion.holders(stage)
        }
        measured = {version: value for version, value in others.items() if value is not None}
        requirement = f"{metric} {_wanted(settings, direction)} than in {stage}"
        value = metric_of(promotion.version_files, promotion.manifest, metric, kind)
        if value is None:
            return failed(f"{metric} not measured", requirement, f"Register a version that gives {metric}.")
        figure = f"{metric} = {value!r}"
        if not math.isfinite(value):
            return failed(figure, requirement, "Register a version whose metric is a finite number.")
        if not measured:
            why = "no other version is there" if not others else f"{', '.join(others)} has no {metric}"
            return passed(f"{figure}; nothing to compare with: {why}", requirement)
        if not all(map(math.isfinite, measured.values())):
            return failed(f"{figure}; that in {stage} is no finite number", requirement)
        pick = max if direction == "higher" else min
        rival, best = pick(measured.items(), key=lambda item: item[1])
        bound = _bound(settings, direction, best)
        sign = 1 if direction == "higher" else -1
        better = sign * value > sign * bound if settings.flag("better", default=False) else _no_worse(
            sign * value, sign * bound
        )  # fmt: skip
        threshold = f"{requirement}: {rival} has {best!r}, so the limit is {bound!r}"
        if better:
            return passed(figure, threshold)
        return failed(figure, threshold, "Register a version that meets it.")


def _no_worse(value: float, bound: float) -> bool:
    # 0.9 - 0.1 is a little less than 0.8 in binary: a figure right on the bound counts as on it.
    return value >= bound or math.isclose(value, bound, rel_tol=1e-12)


def _bound(settings: Fields, direction: str, best: float) -> float:
    """Return the figure to reach: the other's, and the tolerance (absolute, or in percent of it) taken
    off.
    """
    absolute, percent = _tolerances(settings)
    slack = absolute + abs(best) * percent / 100
    return best - slack if direction == "higher" else best + slack


def _wanted(settings: Fields, direction: str) -> str:
    absolute, percent = _tolerances(settings)
    if settings.flag("better", default=False):
        return direction
    slack = f"{absolute!r}" if absolute else f"{percent:g} %" if percent else ""
    opposite = "lower" if direction == "higher" else "higher"
    return f"not {opposite}{f' by more than {slack}' if slack else ''}"


def _tolerances(settings: Fields) -> tuple[float, float]:
    values = (
        settings.optional_number("tolerance") or 0,
        settings.optional_number("tolerance_percent") or 0,
    )
    if not all(math.isfinite(value) and value >= 0 for value in values):
        raise InvalidFile("a tolerance is a finite number, 0 or above", key="tolerance")
    return values


GATE = MetricComparison()
