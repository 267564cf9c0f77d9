"""A card as HTML that loads nothing and runs nothing: as a page of its own, and as a part of another one."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

from markdown_it import MarkdownIt

from rollbook.check.card_sections import FRONT_MATTER
from rollbook.insight.plain_page import page_style, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:"
_STYLE = "body { max-width: 60rem; } th, td { min-width: 3rem; }"
_SCROLLED = '<div class="scroll" tabindex="0" role="group" aria-label="Table"><table>\n'
# Where a link of a card leads that stands on a page of others: to the web, not to a file beside the card.
_ELSEWHERE = re.compile(r"(https?://|mailto:)[^\s]+", re.IGNORECASE)


def as_html(card: str, title: str) -> str:
    """Render the card as a whole page, without its front matter. HTML in the card is shown, not obeyed."""
    body = _markdown().render(_text(card))
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="color-scheme" content="light dark">\n'
        f"<title>{html.escape(title)}</title>\n<style>\n{page_style()}{_STYLE}</style>\n"
        f"</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )


def as_part(card: str, first_heading: int = 3) -> str:
    """Render the card as a part of a page on which its highest heading is one of level `first_heading`.

    HTML in the card is shown, not obeyed; an image, which the page would not load, becomes a link to it; a
    link that leads to a file beside the card is shown as it is written.
    """
    markdown = _markdown()
    markdown.validateLink = _leads_to_the_web  # type: ignore[method-assign]
    markdown.add_render_rule("image", _linked_image)
    tokens = markdown.parse(_text(card))
    raised = first_heading - min(
        (int(token.tag[1]) for token in tokens if token.type == "heading_open"), default=1
    )
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + raised)}"
        _arrange_links(token.children or [])
    return str(markdown.renderer.render(tokens, markdown.options, {}))


def _arrange_links(tokens: Sequence[Token]) -> None:
    """Make text of the links without an address, which the renderer does not ask about; and mark the images
    that stand inside of a link, where no other one may (CommonMark 6.3)."""
    inside = is_empty = False
    for token in tokens:
        if token.type == "image":
            token.meta["is_linked"] = inside
        elif token.type in ("link_open", "link_close"):
            inside = token.type == "link_open"
            is_empty = not token.attrs.get("href") if inside else is_empty
            if is_empty:
                token.tag, token.attrs = "span", {}


def _leads_to_the_web(url: str) -> bool:
    return _ELSEWHERE.fullmatch(url) is not None


def _text(card: str) -> str:
    return FRONT_MATTER.sub("", card)


def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark").enable("table")
    markdown.add_render_rule("html_block", _shown)
    markdown.add_render_rule("html_inline", _shown)
    markdown.add_render_rule("table_open", lambda *_: _SCROLLED)
    markdown.add_render_rule("table_close", lambda *_: "</table></div>\n")
    return markdown


def _shown(_: object, tokens: Sequence[Token], index: int, *__: Any) -> str:
    # A comment that nothing ends is none, and is not looked for: each `<!--` would read the whole rest.
    commented, end, rest = tokens[index].content.rpartition("-->")
    return html.escape(_COMMENT.sub("", commented + end) + rest)


def _linked_image(_: object, tokens: Sequence[Token], index: int, *__: Any) -> str:
    image = tokens[index]
    address, told = str(image.attrs.get("src", "")), shown(image.content or "image")
    return f'<a href="{html.escape(address)}">{told}</a>' if address and not image.meta["is_linked"] else told
