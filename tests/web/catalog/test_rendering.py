"""What a page is made of: whatever a text says, it is shown, and not obeyed."""

from __future__ import annotations

from functools import cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from growth import grows_linearly
from rollbook.web.catalog.card_markup import card_markup
from rollbook.web.catalog.rendering import _environment, breakable, is_web_address

if TYPE_CHECKING:
    from jinja2 import Template

HOSTILE = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            [
                "<script>",
                "</td>",
                '"',
                "'",
                " onclick=",
                "&lt;",
                "javascript:",
                "\u202e",
                "\x1b[2J",
                "\0",
                "-->",
            ]
        ),
        max_size=6,
    ).map("".join),
)
TEMPLATE = (
    '{% from "parts/words.html" import stage_badge, state_badge, link, copied, time, digest, metric %}'
    '{% from "parts/blocks.html" import fact_list %}'
    '<p title="{{ text }}">{{ text }}</p>{{ [text, text] | join(text) }}{{ text | breakable }}'
    "{{ stage_badge(text) }}{{ state_badge('good', text) }}{{ link(text, text) }}{{ copied(text) }}"
    "{{ time(text) }}{{ digest(text) }}{{ metric(text) }}{{ fact_list([(text, text)]) }}"
)


class Shape(HTMLParser):
    """The elements of a page with the names of their attributes, and all its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.addresses: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]


def made_with(text: str) -> str:
    return compiled().render(text=text)


@cache
def compiled() -> Template:
    return _environment().from_string(TEMPLATE)


@given(HOSTILE)
def test_no_text_becomes_an_element_or_an_attribute(text: str) -> None:
    shape, plain = Shape(made_with(text)), Shape(made_with("plain"))
    # An address of the web becomes a link, a name may break in the next line, and an empty fact is left out.
    optional = {"a", "wbr", "div", "dt", "dd", "time"}
    assert [one for one in shape.elements if one[0] not in optional] == [
        one for one in plain.elements if one[0] not in optional
    ]
    assert {one for one in shape.elements if one[0] == "a"} <= {("a", ("href", "rel"))}
    assert all(is_web_address(address) for address in shape.addresses)


@given(HOSTILE)
def test_nothing_invisible_or_that_turns_the_direction_of_text_stays(text: str) -> None:
    assert all(char.isprintable() or char == "\n" for char in made_with(text))


@given(HOSTILE)
def test_a_card_has_only_elements_of_text_and_addresses_of_the_web(text: str) -> None:
    shape = Shape(card_markup(f"# {text}\n\n{text}\n\n[{text}]({text}) ![x]({text})\n\n|a|\n|-|\n|{text}|\n"))
    attributes = {name for _, names in shape.elements for name in names}
    assert {name for name, _ in shape.elements}.isdisjoint(
        {"script", "style", "img", "iframe", "form", "input", "svg"}
    )
    assert attributes <= {"href", "title", "rel", "class", "tabindex", "role", "aria-label", "start"}
    assert all(address.lower().startswith(("https:", "http:", "mailto:")) for address in shape.addresses)


def test_a_card_fits_below_the_headings_of_its_page() -> None:
    card = card_markup("---\nlicense: mit\n---\n# Credit\n\n## Use\n", first_heading=3)
    assert "<h3>Credit</h3>" in card
    assert "<h4>Use</h4>" in card
    assert "license" not in card


def test_an_image_of_a_card_becomes_a_link_since_the_page_loads_nothing() -> None:
    card = card_markup("![a plot](https://example.com/plot.png)")
    assert '<a href="https://example.com/plot.png"' in card
    assert "a plot</a>" in card


@pytest.mark.parametrize("part", ["![x](https://e.org/y)", "[x]() ", "# x\n"])
def test_a_card_takes_as_long_as_it_is_long(part: str) -> None:
    assert grows_linearly(lambda size: part * size, card_markup, 500)


def test_a_name_breaks_between_its_words_alone() -> None:
    assert breakable("risk/credit-approval") == Markup("risk/<wbr>credit-<wbr>approval")
    assert breakable("churn@1.10.0") == Markup("churn@<wbr>1.10.0")


def test_what_a_part_made_is_joined_as_it_is() -> None:
    template = _environment().from_string("{{ [part, '<i>'] | join(', ') }}")
    assert template.render(part=Markup("<b>x</b>")) == "<b>x</b>, &lt;i&gt;"
