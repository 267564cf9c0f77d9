"""Writing facts into Markdown, so that each shows as text and nothing in it acts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rollbook.check.wording import placeholder
from rollbook.text import inert_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# The words that Hugging Face's cards have for it, and which the gate `model-card` looks for.
MISSING = "[More Information Needed]"

_PLAIN = re.compile(r"[A-Za-z0-9._:@/+-]+(?: [A-Za-z0-9._:@/+-]+)*")
_WEB = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]+)?(?:/[A-Za-z0-9._~%/?=&#+,;:@-]*)?")
_MOST_ROWS = 100
_LONGEST_PROSE = 10_000


def prose(text: str) -> str:
    """`text` as paragraphs; the placeholder when it only holds the place of something."""
    if placeholder(text):
        return MISSING
    paragraphs = re.split(r"\n[ \t\r]*\n", text[:_LONGEST_PROSE])
    return "\n\n".join(inert_line(paragraph, _LONGEST_PROSE) for paragraph in paragraphs if paragraph.strip())


def code(text: object) -> str:
    """`text` as code where it can do no harm there, else as text."""
    return f"`{text}`" if _PLAIN.fullmatch(str(text)) else inert_line(text)


def link(text: str) -> str:
    """Return an address as a link when it is a plain web address, else as text."""
    return f"<{plain}>" if (plain := address(text)) else inert_line(text)


def address(text: str) -> str:
    """Return `text` when it is a plain web address, which can be a link's target; else nothing."""
    return text if len(text) <= 2048 and _WEB.fullmatch(text) else ""


def number(value: float) -> str:
    """Return a number as a card tells it."""
    return f"{value:.6g}" if isinstance(value, float) else inert_line(value, 40)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are Markdown already; nothing without rows."""
    listed = list(rows)
    if not listed:
        return ""
    more = len(listed) - _MOST_ROWS
    lines = [columns, ["---"] * len(columns), *listed[:_MOST_ROWS]]
    written = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return f"{written}\n\nand {more:,} more" if more > 0 else written
