"""What a notebook shows of an answer: small tables that load nothing and run nothing, in its own colours.

IPython asks an object for `_repr_html_`
(https://ipython.readthedocs.io/en/stable/config/integrating.html).
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from rollbook.insight.plain_page import shown, table
from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MOST_ROWS = 50
_LONGEST = 300


def display(title: str, *parts: str) -> str:
    """Return parts, which are HTML, below a title, which is text."""
    return f"<div>\n<p><strong>{shown(_cut(title))}</strong></p>\n{''.join(parts)}</div>"


def fact_table(facts: Iterable[tuple[str, object]]) -> str:
    """Return the facts that there are, a line each."""
    told = [(name, _cut(value)) for name, value in facts if value not in (None, "", ())]
    rows = "".join(f"<tr><th>{shown(name)}</th><td>{shown(value)}</td></tr>\n" for name, value in told)
    return f"<table>\n{rows}</table>\n" if rows else ""


def row_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, newest: bool = False) -> str:
    """Return rows as a table: the first of them, or with `newest` the last, and how many are left out."""
    listed = rows[-_MOST_ROWS:] if newest else rows[:_MOST_ROWS]
    left = len(rows) - len(listed)
    more = paragraph(f"{left:,} {'earlier' if newest else 'more'} rows are not shown.") if left else ""
    return (
        table([_cut(column) for column in columns], [[_cut(cell) for cell in row] for row in listed]) + more
    )


def paragraph(text: str) -> str:
    """Return a paragraph of text."""
    return f"<p>{shown(_cut(text))}</p>\n" if text else ""


def lines(text: str) -> str:
    """Return lines of text as they stand, each made harmless."""
    told = text.split("\n")
    more = [f"{len(told) - _MOST_ROWS:,} more lines are not shown."] if len(told) > _MOST_ROWS else []
    kept = [printable(_cut(line)) for line in told[:_MOST_ROWS]]
    return f"<pre>{escape(chr(10).join([*kept, *more]))}</pre>\n"


def _cut(value: Any) -> str:
    text = "" if value is None else value if isinstance(value, str) else _told(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _told(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value[:_MOST_ROWS]))
    if isinstance(value, bytes):
        return value[:_LONGEST].hex()
    return str(value)
