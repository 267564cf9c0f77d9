"""Text for a spreadsheet, which takes some of it for a formula."""

from __future__ import annotations

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def harmless(text: str) -> str:
    """`text` with a `'` in front when a spreadsheet would run it."""
    return f"'{text}" if text.startswith(_FORMULA) else text
