"""A page of HTML that loads nothing and runs nothing: what any text in it says is shown, never obeyed."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# The policy is for whatever slips through the escaping: no script, no address is ever followed.
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem; padding: 0 1rem; }}
table {{ border-collapse: collapse; display: block; overflow-x: auto; }}
th, td {{ border: 1px solid #8886; padding: .2rem .5rem; text-align: left; vertical-align: top; }}
td {{ overflow-wrap: anywhere; min-width: 4rem; }}
{style}</style>
</head>
<body>
<h1>{title}</h1>
{body}</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Html:
    """What is HTML already, in which every text is escaped."""

    text: str


def page(title: str, body: str, style: str = "") -> str:
    """Return a whole page; `title` is text, `body` is HTML, `style` is CSS."""
    return _PAGE.format(title=shown(title), body=body, style=style)


def table(columns: Sequence[str], rows: Iterable[Sequence[str | Html]]) -> str:
    """Return a table of texts."""
    head = "".join(f"<th>{shown(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{_cell(cell)}</td>' for cell in row)}</tr>\n" for row in rows)
    return f"<table>\n<tr>{head}</tr>\n{body}</table>\n"


def fact_list(facts: Iterable[tuple[str, str]]) -> str:
    """Return names and values as a list."""
    items = "".join(f"<dt>{shown(name)}</dt><dd>{shown(value)}</dd>\n" for name, value in facts)
    return f"<dl>\n{items}</dl>\n"


def shown(text: str) -> str:
    """Return text as HTML that shows it."""
    return escape(printable(text))


def _cell(cell: str | Html) -> str:
    return cell.text if isinstance(cell, Html) else shown(cell)
