"""A card as a page of HTML that loads nothing and runs nothing."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

from markdown_it import MarkdownIt

from rollbook.check.card_sections import FRONT_MATTER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:"
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;margin:1rem 0}th,td{border:1px solid #ccc;padding:.3rem .6rem;"
    "text-align:left;vertical-align:top;overflow-wrap:anywhere}code{background:#f3f3f3}"
)


def as_html(card: str, title: str) -> str:
    """Render the card as a whole page, without its front matter. HTML in the card is shown, not obeyed."""
    markdown = MarkdownIt("commonmark").enable("table")
    markdown.add_render_rule("html_block", _shown)
    markdown.add_render_rule("html_inline", _shown)
    body = markdown.render(FRONT_MATTER.sub("", card))
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )


def _shown(_: object, tokens: Sequence[Token], index: int, *__: Any) -> str:
    # A comment that nothing ends is none, and is not looked for: each `<!--` would read the whole rest.
    commented, end, rest = tokens[index].content.rpartition("-->")
    return html.escape(_COMMENT.sub("", commented + end) + rest)
