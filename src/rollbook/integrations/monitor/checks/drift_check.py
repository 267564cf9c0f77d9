"""The check that live data is distributed as the reference sample is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.check.gates.gate import SettingsSchema, setting
from rollbook.integrations.monitor import bounds
from rollbook.integrations.monitor.drift import watched_columns

if TYPE_CHECKING:
    from rollbook.integrations.monitor.checks.check_kind import Asked
    from rollbook.integrations.monitor.outcome import Outcome

METHODS = ("auto", "psi", "jensen-shannon", "wasserstein", "ks", "chi-square")
CORRECTIONS = ("holm", "benjamini-hochberg", "bonferroni", "none")


class DriftCheck:
    """`{check: drift, name: inputs-drift, source: log, of: inputs, max: 0.2}`"""

    name = "drift"
    sentence = "Live data is distributed as in the reference sample."
    schema = SettingsSchema(
        "The logged rows of the window are held against the version's reference sample, column by column.",
        {
            **watched_columns.SETTINGS,
            "method": setting(
                "Method",
                "How a column is compared. `auto`, which it is unless set, takes `psi` for numbers and "
                "`jensen-shannon` for categories; where alpha is set, `ks` and `chi-square`.",
                "psi",
                type="string",
                enum=[*METHODS],
                default="auto",
            ),
            "max": setting(
                "Most",
                "A column drifts whose distance is above it; 0.2 unless set, of `wasserstein`, which is in "
                "standard deviations, 0.1.",
                0.2,
                type="number",
                minimum=0,
            ),
            "warn_max": setting(
                "Warn above", "A warning is a distance above it.", 0.1, type="number", minimum=0
            ),
            "margin": bounds.SETTINGS["margin"],
            "alpha": setting(
                "Significance",
                "A column drifts whose p-value, corrected, is below it; for `ks` and `chi-square`, 0.05 "
                "unless set.",
                0.01,
                type="number",
                minimum=0,
                maximum=1,
            ),
            "correction": setting(
                "Correction",
                "How p-values are corrected for the number of columns; `holm` unless set.",
                "benjamini-hochberg",
                type="string",
                enum=[*CORRECTIONS],
                default="holm",
            ),
            "share": setting(
                "Share",
                "How many columns must drift for the check to do so; below 1 the part of them. 1 unless set.",
                0.2,
                type="number",
                minimum=0,
                maximum=1000,
                default=1,
            ),
        },
        example={"name": "inputs-drift", "source": "log", "of": "inputs", "max": 0.2},
    )

    def judge(self, asked: Asked) -> Outcome:
        """Hold the live rows against the reference. UNKNOWN without a reference, or with too few rows."""
        from rollbook.integrations.monitor.drift.drift_judgement import judge_drift

        return judge_drift(asked)


CHECK = DriftCheck()
