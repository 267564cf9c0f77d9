"""A query's result as text."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from rollbook.text import spreadsheet_cell

if TYPE_CHECKING:
    from rollbook.insight.query.sql import Result, Value


def as_cells(result: Result) -> list[list[str]]:
    """Each row's values as texts; empty for null."""
    return [[_text(value) for value in row] for row in result.rows]


def as_csv(result: Result) -> str:
    """Lines of values under one line of names, as RFC 4180 has them. No spreadsheet runs any text in it."""
    written = io.StringIO()
    lines = csv.writer(written)
    lines.writerow([spreadsheet_cell(name) for name in result.columns])
    lines.writerows(
        [spreadsheet_cell(value) if isinstance(value, str) else _text(value) for value in row]
        for row in result.rows
    )
    return written.getvalue()


def _text(value: Value) -> str:
    if value is None:
        return ""
    return value.hex() if isinstance(value, bytes) else str(value)
