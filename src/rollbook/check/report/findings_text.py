"""Findings for people, one a line, each with what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.text import printable

if TYPE_CHECKING:
    from rollbook.check.finding import Finding


def as_text(findings: list[Finding]) -> str:
    """`path:line: code key: message`, the hint below it, and the count at the end."""
    lines = [line for finding in findings for line in _lines(finding)]
    return "\n".join([*lines, summary(findings), ""])


def _lines(finding: Finding) -> list[str]:
    where = f"{finding.path}:{finding.line}" if finding.line else finding.path
    what = f"{finding.code} {finding.key}".rstrip()
    severity = "warning: " if finding.severity == "warning" else ""
    lines = [printable(f"{where}: {what}: {severity}{finding.message}")]
    if finding.hint:
        lines.append(f"    {printable(finding.hint)}")
    return lines


def summary(findings: list[Finding]) -> str:
    """How many errors and warnings there are, in words."""
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = len(findings) - errors
    counts = [_count(errors, "error")] if errors or not warnings else []
    return " and ".join(counts + ([_count(warnings, "warning")] if warnings else []))


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"
