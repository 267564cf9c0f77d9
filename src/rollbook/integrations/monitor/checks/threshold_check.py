"""The check that a live figure stays within bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.check.gates.gate import SettingsSchema, ref, setting
from rollbook.integrations.monitor.bounds import SETTINGS, bounds_from
from rollbook.integrations.monitor.checks.newest_figure import NoFigure, newest_figure
from rollbook.integrations.monitor.outcome import State
from rollbook.integrations.monitor.query_setting import query_setting

if TYPE_CHECKING:
    from rollbook.integrations.monitor.checks.check_kind import Asked
    from rollbook.integrations.monitor.outcome import Outcome


class ThresholdCheck:
    """`{check: threshold, name: errors, source: live, metric: error_rate, max: 0.02}`"""

    name = "threshold"
    sentence = "A live figure is within its bounds."
    schema = SettingsSchema(
        "A figure that a source tells of the version must be within bounds; the newest of the window counts.",
        {
            "metric": setting(
                "Metric", "The figure's name, as the source has it.", "error_rate", **ref("line")
            ),
            "query": query_setting(
                "Query",
                "What the source is asked, where its kind takes a query. In PromQL {model}, {version} and "
                "{window} (seconds) are filled in; in SQL they are $model, $version and $window.",
                'sum by (version) (rate(errors_total{version="{version}"}[5m]))',
            ),
            "samples_query": query_setting(
                "Query of the samples",
                "The same for how many observations the figure rests on, where the source doesn't tell them "
                "with it.",
                'sum by (version) (increase(requests_total{version="{version}"}[5m]))',
            ),
            **SETTINGS,
        },
        example={"name": "errors", "source": "live", "metric": "error_rate", "max": 0.02},
        required=("metric",),
    )

    def judge(self, asked: Asked) -> Outcome:
        """Judge the newest figure of the window."""
        fields = asked.settings.fields()
        bounds, metric = bounds_from(fields), fields.text("metric")
        queries = fields.optional_text("query"), fields.optional_text("samples_query")
        question = asked.question(metric, *queries)
        try:
            newest, query = newest_figure(asked.source, question, asked.settings.min_samples)
        except NoFigure as error:
            return asked.outcome(State.UNKNOWN, str(error), query=error.asked, samples=error.samples)
        state, held = bounds.judge(newest.value)
        return asked.outcome(
            state,
            f"{metric} is {newest.value:g}, asked {bounds}",
            held=held,
            query=query,
            value=newest.value,
            bound=str(bounds),
            samples=newest.samples,
        )


CHECK = ThresholdCheck()
