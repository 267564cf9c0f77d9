"""Findings as text, JSON, GitHub annotations and SARIF: one table of formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.check.report.findings_json import as_json
from rollbook.check.report.findings_text import as_text
from rollbook.check.report.github_annotations import as_annotations
from rollbook.check.report.sarif import as_sarif

if TYPE_CHECKING:
    from collections.abc import Callable

    from rollbook.check.finding import Finding

FORMATS: dict[str, Callable[[list[Finding]], str]] = {
    "text": as_text,
    "json": as_json,
    "github": as_annotations,
    "sarif": as_sarif,
}
