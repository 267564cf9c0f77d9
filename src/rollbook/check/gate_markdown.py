"""Gate reports as Markdown for a pull request's comment, in which no link, mention, image or HTML acts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rollbook.check.gates.gate import State
from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rollbook.check.promotion_report import GateReport

_MARKS = {State.PASSED: "✅ passed", State.FAILED: "❌ failed", State.WAITING: "⏳ waiting"}
# All that Markdown, or what a forge does with its result, may take for more than a character. A dot inside a
# number is none of it.
_ACTIVE = re.compile(r"(?<![0-9])\.|\.(?![0-9])|[^A-Za-z0-9 .,;=+%()\u00a1-\U0010ffff-]")


def as_markdown(reports: Iterable[GateReport]) -> str:
    """A heading and a table for each promotion."""
    return "\n".join(_section(report) for report in reports) or "No version changes its stage.\n"


def _section(report: GateReport) -> str:
    rows = [
        f"| {inert(judged.gate)} | {_MARKS[judged.verdict.state]} | {inert(judged.verdict.figure)} | "
        f"{inert(judged.verdict.threshold)} | {inert(judged.verdict.hint)} |\n"
        for judged in report.results
    ]
    subject = inert(f"{report.model}@{report.version}")
    way = f"{inert(report.start)} → {inert(report.target)}"
    head = f"#### {subject}: {way}\n\n| Gate | State | Found | Asked for | What to do |\n"
    return f"{head}| --- | --- | --- | --- | --- |\n{''.join(rows)}"


def inert(text: str) -> str:
    """`text` as code that shows as it is written and does nothing.

    Character references never count as Markdown's syntax (CommonMark 2.5); inside of `code` no forge looks
    for mentions of people or issues.
    """
    plain = _ACTIVE.sub(lambda found: f"&#{ord(found[0])};", printable(text))
    return f"<code>{plain}</code>" if plain.strip() else ""
