"""The check that live data is what the version was made for: its schema, and what the reference has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.check.gates.gate import SettingsSchema, setting
from rollbook.integrations.monitor import bounds
from rollbook.integrations.monitor.drift import watched_columns
from rollbook.records.signature import HALVES

if TYPE_CHECKING:
    from typing import Any

    from rollbook.integrations.monitor.checks.check_kind import Asked
    from rollbook.integrations.monitor.outcome import Outcome

# What can be wrong with live data.
FAULTS = ("schema", "nulls", "ranges", "categories")
USUAL_BREACH, USUAL_WARNING = ("schema",), ("nulls", "ranges", "categories")
USUAL_SHARES = {"nulls": 0.05, "ranges": 0.01, "categories": 0.01}
USUAL_REACH = 0.1


def _faults(title: str, description: str, usual: tuple[str, ...]) -> dict[str, Any]:
    return setting(
        title,
        f"{description}; {', '.join(usual)} unless set.",
        [*usual],
        type="array",
        maxItems=len(FAULTS),
        uniqueItems=True,
        items={"type": "string", "enum": [*FAULTS]},
    )


def _share(title: str, description: str, usual: float) -> dict[str, Any]:
    text = f"{description}; {usual:g} unless set."
    return setting(title, text, usual, type="number", minimum=0, maximum=1, default=usual)


class DataCheck:
    """`{check: data, name: inputs-data, source: log, breach: [schema, categories]}`"""

    name = "data"
    sentence = "Live data has the columns, types and values that the version was made for."
    schema = SettingsSchema(
        "The logged rows of the window are held against the signature first: missing columns, other types. "
        "Then against the reference sample: more missing values, values out of its range, new categories.",
        {
            "of": setting(
                "Of what",
                "Whether it is about the model's `inputs` or its `outputs`; inputs unless set.",
                "inputs",
                type="string",
                enum=[*HALVES],
                default=HALVES[0],
            ),
            "columns": watched_columns.SETTINGS["columns"],
            "breach": _faults("Breach", "What is a breach", USUAL_BREACH),
            "warning": _faults("Warning", "What is a warning", USUAL_WARNING),
            "nulls": _share(
                "Nulls", "By which part more may be missing than in the reference", USUAL_SHARES["nulls"]
            ),
            "out_of_range": _share(
                "Out of range", "Which part of the values may be out of the range", USUAL_SHARES["ranges"]
            ),
            "reach": setting(
                "Reach",
                "How far the range reaches beyond the reference's least and greatest value, as a part of "
                f"their difference; {USUAL_REACH:g} unless set.",
                USUAL_REACH,
                type="number",
                minimum=0,
                maximum=1000,
                default=USUAL_REACH,
            ),
            "new_categories": _share(
                "New categories", "Which part of the values may be new", USUAL_SHARES["categories"]
            ),
            "margin": bounds.SETTINGS["margin"],
        },
        example={"name": "inputs-data", "source": "log", "breach": ["schema", "categories"]},
    )

    def judge(self, asked: Asked) -> Outcome:
        """Hold the live rows against the signature and the reference."""
        from rollbook.integrations.monitor.drift.data_judgement import judge_data

        return judge_data(asked)


CHECK = DataCheck()
