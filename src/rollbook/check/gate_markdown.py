"""Gate reports as Markdown for a pull request's comment, in which no link, mention, image or HTML acts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.check.gates.gate import State
from rollbook.text import inert_code

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rollbook.check.promotion_report import GateReport

_MARKS = {
    State.PASSED: "✅ passed",
    State.FAILED: "❌ failed",
    State.WAITING: "⏳ waiting",
    State.WAIVED: "↩️ waived",
}


def as_markdown(reports: Iterable[GateReport]) -> str:
    """Return a heading and a table for each promotion."""
    return "\n".join(_section(report) for report in reports) or "No version changes its stage.\n"


def _section(report: GateReport) -> str:
    rows = [
        f"| {inert_code(judged.gate)} | {_MARKS[verdict.state]} | {inert_code(verdict.figure)} | "
        f"{inert_code(verdict.threshold)} | {inert_code(verdict.hint)} |\n"
        for judged in report.results
        for verdict in [judged.verdict]
    ]
    subject = inert_code(f"{report.model}@{report.version}")
    way = f"{inert_code(report.start)} → {inert_code(report.target)}"
    head = f"#### {subject}: {way}\n\n| Gate | State | Found | Asked for | What to do |\n"
    return f"{head}| --- | --- | --- | --- | --- |\n{''.join(rows)}"
