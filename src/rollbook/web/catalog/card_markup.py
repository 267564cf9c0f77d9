"""A card on a page of the catalog: rendered as everywhere, and cleaned by a sanitiser of its own."""

from __future__ import annotations

import nh3
from markupsafe import Markup

from rollbook.insight.card.card_html import as_part

_TAGS = {
    *(
        "a",
        "blockquote",
        "br",
        "code",
        "div",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "li",
        "ol",
        "p",
    ),
    *("pre", "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}
_ATTRIBUTES = {"a": {"href", "title"}, "div": {"tabindex", "role", "aria-label"}, "ol": {"start"}}


def card_markup(card: str, first_heading: int = 3) -> Markup:
    """Return a card, its Markdown, as HTML for a page on which its highest heading has level `first_heading`.

    What the renderer would let through by mistake is cleaned away (nh3, https://nh3.readthedocs.io), and the
    page's policy would not obey it.
    """
    cleaned = nh3.clean(
        as_part(card, first_heading),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        allowed_classes={"div": {"scroll"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noreferrer nofollow",
    )
    return Markup(cleaned)  # noqa: S704 - the sanitiser's
