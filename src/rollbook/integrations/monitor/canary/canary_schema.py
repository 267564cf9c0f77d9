"""What the policy may say of canaries: `monitoring.canary`."""

from __future__ import annotations

from typing import Any

from rollbook.check.gates.gate import SettingsSchema, ref, setting
from rollbook.integrations.monitor.query_setting import query_setting
from rollbook.records.monitoring import AUTONOMY


def _query(title: str, what: str, example: str) -> dict[str, Any]:
    filled = "{model}, {version} and {window} (seconds) are filled in"
    return query_setting(title, f"{what}; {filled}.", example)


def _rate(title: str, what: str, usual: float) -> dict[str, Any]:
    return setting(
        title,
        f"{what}; {usual:g} unless set.",
        usual,
        type="number",
        minimum=0.000001,
        maximum=0.5,
        default=usual,
    )


_ASKED = {
    "source": setting("Source", "The source that is asked, by its name.", "live", **ref("identifier")),
    "metric": setting(
        "Metric",
        "The figure's name, as the source has it; of a mean, NAME_stddev is its standard deviation.",
        "error_rate",
        **ref("line"),
    ),
    "column": setting(
        "Column",
        "The column of a log, in place of a metric: true and false, or numbers.",
        "failed",
        **ref("line"),
    ),
    "query": _query(
        "Query",
        "What the source is asked, where its kind takes a query",
        'sum(rate(errors_total{version="{version}"}[{window}s]))',
    ),
    "samples_query": _query(
        "Query for samples",
        "What the source is asked for how many observations the figure rests on",
        'sum(increase(requests_total{version="{version}"}[{window}s]))',
    ),
    "stddev_query": _query(
        "Query for the spread",
        "What the source is asked for the standard deviation of a mean",
        'stddev_of(latency{version="{version}"})',
    ),
    "kind": setting(
        "Kind",
        "Whether the figure is the part of observations that are something (`proportion`) or their `mean`.",
        "proportion",
        type="string",
        enum=["proportion", "mean"],
        default="proportion",
    ),
    "figures": setting(
        "Figures",
        "Whether each figure of the source is of observations of its own (`parts`, which are added up), or "
        "of all since the share changed (`whole`: the newest counts).",
        "parts",
        type="string",
        enum=["parts", "whole"],
        default="parts",
    ),
    "better": setting(
        "Better", "Which way the figure gets better; lower unless set.", "lower", type="string",
        enum=["lower", "higher"], default="lower",
    ),
}  # fmt: skip
_TEST = {
    "least_difference": setting(
        "Least difference",
        "By how much the canary may be worse before it matters, in the figure's own unit.",
        0.01,
        type="number",
        minimum=0,
    ),
    "false_alarm": _rate("False alarm", "How often a canary that is no worse may ever be stopped", 0.05),
    "missed": _rate("Missed", "How often a canary that is worse by as much may ever be promoted", 0.1),
    "window": setting(
        "Window", "How long one comparison lasts at most; 14d unless set.", "14d", **ref("monitor-span")
    ),
    "min_samples": setting(
        "Fewest samples", "Fewer of either version tell nothing; 100 unless set.", 100,
        type="integer", minimum=2, maximum=10**9, default=100,
    ),
}  # fmt: skip
_FOLLOWS = {
    "stage": setting("Stage", "The stage of canaries; `canary` unless set.", "canary", **ref("stage-name")),
    "back_to": setting(
        "Back to", "Where a canary that is worse goes; `staging` unless set.", "staging", **ref("stage-name")
    ),
    "shares": setting(
        "Shares",
        "The shares of traffic in per cent, rising; after the last comes production. [5, 25, 50] unless set.",
        [5, 25, 50],
        type="array",
        minItems=1,
        maxItems=50,
        uniqueItems=True,
        items={"type": "integer", "minimum": 1, "maximum": 99},
    ),
    "act": setting(
        "Act",
        "What becomes of a verdict: `none`, a `propose`d request for the next share or the way back, or one "
        "that `land`s; `none` unless set. The promotion to production never lands by itself.",
        "propose",
        type="string",
        enum=[*AUTONOMY],
        default="none",
    ),
}

CANARY = SettingsSchema(
    "How a canary is held against production, by a sequential test, and what follows from its verdict.",
    {**_ASKED, **_TEST, **_FOLLOWS},
    example={"source": "live", "metric": "error_rate", "least_difference": 0.01, "act": "propose"},
    required=("source", "least_difference"),
)
