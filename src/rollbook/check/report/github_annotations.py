"""Findings as the annotations of a GitHub workflow.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.check.codes import rules
from rollbook.text import printable

if TYPE_CHECKING:
    from rollbook.check.finding import Finding


def as_annotations(findings: list[Finding]) -> str:
    """One `::error` or `::warning` command a line. No content of a file can start another command."""
    return "".join(f"{_annotation(finding)}\n" for finding in findings)


def _annotation(finding: Finding) -> str:
    properties = {"file": finding.path, "line": str(finding.line or 1), "title": _title(finding)}
    written = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    key = f"{finding.key}: " if finding.key else ""
    text = _data(f"{key}{finding.message}")
    hint = f"%0A{_data(finding.hint)}" if finding.hint else ""
    return f"::{finding.severity} {written}::{text}{hint}"


def _title(finding: Finding) -> str:
    return f"{finding.code} {rules()[finding.code].title}"


def _data(text: str) -> str:
    return printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
