"""What a stranger writes costs the check no more than its size."""

from __future__ import annotations

import json

import pytest

from growth import grows_linearly
from rollbook.artifact.dvc_remote import public_address
from rollbook.check.card_sections import sections
from rollbook.check.contributors import same_but_for_approvals
from rollbook.check.requirements_file import requirement_lines
from rollbook.check.wording import placeholder
from rollbook.git.commits import parse_commit
from rollbook.insight.card.card_html import as_html
from rollbook.insight.card.card_text import split_front

CARDS = {
    "blanks inside a heading": lambda size: "# a" + " " * size + "b\n",
    "lines of a section": lambda size: "# a\n" + "x\n" * size,
    "sections inside of each other": lambda size: "# a\n## b\n### c\n" * size,
    "fences": lambda size: "```\n~~~\n" * size,
    "comments that nothing ends": lambda size: "<!-- " * size,
    "dashes that end no front matter": lambda size: "---\n" + ("---" + " " * 50 + "x\n") * size,
    "blanks before what is no ellipsis": lambda size: (" " * size + "x\n") * 2,
    "braces": lambda size: "{" * size,
}


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
def test_a_card_takes_as_long_as_it_is_long(card) -> None:
    assert grows_linearly(card, lambda text: (sections(text), placeholder(text)), 20_000)


@pytest.mark.parametrize("start", ["x", "# a\n\n"])
def test_comments_that_nothing_ends_make_a_page_in_the_time_of_their_length(start) -> None:
    assert grows_linearly(lambda size: start + "<!-- x\n" * size, lambda card: as_html(card, "t"), 4_000)


def test_a_comment_that_ends_is_not_shown_and_one_that_does_not_is() -> None:
    page = as_html("a\n\n<!-- gone -->\n<!-- there\n", "t")
    assert "gone" not in page
    assert "there" in page


def test_blocks_of_front_matter_that_nothing_ends_are_looked_for_once() -> None:
    def begun(size: int) -> str:
        return "# rollbook:begin \nx\n" * size

    def split(front: str) -> None:
        with pytest.raises(Exception, match="no counterpart"):
            split_front(front, "card.md")

    assert grows_linearly(begun, split, 4_000)


@pytest.mark.parametrize("end", ["x", "-", "[", ";", "#x"])
def test_blanks_in_requirements_are_read_once(end: str) -> None:
    assert grows_linearly(
        lambda size: "a==1" + " " * size + end + "\n", lambda text: [*requirement_lines(text)], 8_000
    )


def test_an_address_is_looked_for_once() -> None:
    assert grows_linearly(lambda size: "a://" * size + "a" * size, public_address, 8_000)


def test_many_approvals_are_compared_in_the_time_of_their_number() -> None:
    def table(size: int) -> dict[str, object]:
        return {"production": [{"approvals": [{"by": f"{number}@example.com"} for number in range(size)]}]}

    assert grows_linearly(
        table, lambda value: same_but_for_approvals(value, json.loads(json.dumps(value))), 2_000
    )


@pytest.mark.parametrize("encoding", ["punycode", "idna", "utf-7"])
def test_a_commits_message_is_read_once_whatever_its_encoding(encoding: str) -> None:
    head = b"tree x\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\nencoding " + encoding.encode() + b"\n\n"
    assert grows_linearly(lambda size: head + b"a9" * size, lambda data: parse_commit("x", data), 4_000)
