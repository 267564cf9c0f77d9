"""The setting that holds a query: what a source is asked, in the text that its kind takes."""

from __future__ import annotations

from typing import Any

from rollbook.check.gates.gate import setting

LONGEST_QUERY = 4000  # characters


def query_setting(title: str, description: str, example: str) -> dict[str, Any]:
    """Return the schema of a query."""
    return setting(title, description, example, type="string", maxLength=LONGEST_QUERY)
