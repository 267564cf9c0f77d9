"""A page of HTML that loads nothing and runs nothing: what any text in it says is shown, never obeyed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_DIGEST = re.compile(r"(sha256:)?[0-9a-f]{40,64}")
_LONGEST_WHOLE = 36
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
{common}{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}</main>
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Html:
    """What is HTML already, in which every text is escaped."""

    text: str


def page(title: str, body: str, style: str = "") -> str:
    """Return a whole page; `title` is text, `body` is HTML, `style` is CSS."""
    return _PAGE.format(title=shown(title), body=body, common=page_style(), style=style)


@cache
def page_style() -> str:
    """Return the stylesheet that all pages share: its tokens, and how elements look."""
    return files("rollbook.insight").joinpath("page.css").read_text(encoding="utf-8")


def table(columns: Sequence[str], rows: Iterable[Sequence[str | Html]]) -> str:
    """Return a table of texts."""
    head = "".join(f"<th>{shown(column)}</th>" for column in columns)
    return f"<table>\n<tr>{head}</tr>\n{_rows(rows, _cell)}</table>\n"


def boxed_table(columns: Sequence[str], rows: Iterable[Sequence[str | Html]]) -> str:
    """Return a table of texts in a box that scrolls by itself, its head repeated on each printed page."""
    head = "".join(f'<th scope="col">{shown(column)}</th>' for column in columns)
    return (
        f'<div class="scroll" tabindex="0"><table>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{_rows(rows, _classed_cell)}</tbody></table></div>\n"
    )


def fact_list(facts: Iterable[tuple[str, str]]) -> str:
    """Return names and values as a list."""
    items = "".join(f"<dt>{shown(name)}</dt><dd>{shown(value)}</dd>\n" for name, value in facts)
    return f"<dl>\n{items}</dl>\n"


def shown(text: str) -> str:
    """Return text as HTML that shows it."""
    return escape(printable(text))


def _rows(rows: Iterable[Sequence[str | Html]], cell: Callable[[str | Html], str]) -> str:
    return "".join(f"<tr>{''.join(map(cell, row))}</tr>\n" for row in rows)


def _cell(cell: str | Html) -> str:
    return f"<td>{cell.text if isinstance(cell, Html) else shown(cell)}</td>"


def _classed_cell(cell: str | Html) -> str:
    """Return a cell in which a name or a time stays on one line; a digest, no word, may go on anywhere."""
    if isinstance(cell, Html) or not cell:
        return _cell(cell)
    is_short = len(cell) <= _LONGEST_WHOLE
    kind = "digest" if _DIGEST.fullmatch(cell) else "whole" if is_short and " " not in cell else "prose"
    return f'<td class="{kind}">{shown(cell)}</td>'
