"""Writing facts into Markdown, so that each shows as text and nothing in it acts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rollbook.check.wording import placeholder
from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# The words that Hugging Face's cards have for it, and which the gate `model-card` looks for.
MISSING = "[More Information Needed]"

# A comment, a tag or an entity must not even look like one to a reader of the plain text: no `<`, `>`, `&`.
_REFERENCES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
_ACTIVE = re.compile(r"[\\`*_\[\]|#~${}<>&]")
_BLOCK_START = re.compile(r"[-+=](?![0-9])|[0-9]{1,9}(?=[.)](?:\s|\Z))")
_PLAIN = re.compile(r"[A-Za-z0-9._:@/+-]+(?: [A-Za-z0-9._:@/+-]+)*")
_WEB = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]+)?(?:/[A-Za-z0-9._~%/?=&#+,;:@-]*)?")
_MOST_ROWS = 100
_LONGEST_CELL = 500
_LONGEST_PROSE = 10_000


def inert(text: object, longest: int = _LONGEST_CELL) -> str:
    """`text` as Markdown on one line that shows it as it is, cut after `longest` characters.

    Backslashes and character references are never syntax (CommonMark 2.4 and 2.5).
    """
    line = printable(" ".join(str(text).split()))
    cut = line if len(line) <= longest else f"{line[:longest]}..."
    shown = _ACTIVE.sub(lambda found: _REFERENCES.get(found[0], f"\\{found[0]}"), cut)
    start = _BLOCK_START.match(shown)
    if start is None:
        return shown
    end = start.end()
    return f"\\{shown}" if end == 1 and not shown[0].isdigit() else f"{shown[:end]}\\{shown[end:]}"


def prose(text: str) -> str:
    """`text` as paragraphs; the placeholder when it only holds the place of something."""
    if placeholder(text):
        return MISSING
    paragraphs = re.split(r"\n[ \t\r]*\n", text[:_LONGEST_PROSE])
    return "\n\n".join(inert(each, _LONGEST_PROSE) for each in paragraphs if each.strip())


def code(text: object) -> str:
    """`text` as code where it can do no harm there, else as text."""
    return f"`{text}`" if _PLAIN.fullmatch(str(text)) else inert(text)


def link(address: str) -> str:
    """An address as a link when it is a plain web address, else as text."""
    return f"<{address}>" if _WEB.fullmatch(address) and len(address) <= 2048 else inert(address)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown already; nothing without rows."""
    listed = list(rows)
    if not listed:
        return ""
    more = len(listed) - _MOST_ROWS
    lines = [columns, ["---"] * len(columns), *listed[:_MOST_ROWS]]
    written = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return f"{written}\n\nand {more:,} more" if more > 0 else written
