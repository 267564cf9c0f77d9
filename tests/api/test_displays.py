"""What notebooks show of answers: all of it text that loads nothing, runs nothing, and can't deceive."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook import Registry
from rollbook.insight.display import display, fact_table, lines, row_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from building.once import Template
    from building.world import World

NAME = "churn"
HOSTILE = "<script>alert(1)</script> <img src=https://evil.example/x> [a](javascript:b) &amp; \"'"
TAGS = {"div", "p", "strong", "table", "tr", "th", "td", "pre"}


def _versions(world: World) -> None:
    """Three versions that say hostile things; one in production, one in staging."""
    world.register(
        NAME,
        "1.0.0",
        "--metric",
        "auc=0.9",
        "--description",
        HOSTILE,
        "--param",
        "depth=3",
    )
    world.register(
        NAME, "1.1.0", "--metric", "auc=0.95", "--parent", f"{NAME}@1.0.0", "--param", "depth=<b>4"
    )
    world.promote(f"{NAME}@1.0.0", "staging", "--reason", "<i>ready</i>")
    world.promote(f"{NAME}@1.0.0", "production")
    world.promote(f"{NAME}@1.1.0", "staging")


@pytest.fixture
def asked(template: Template) -> World:
    return template(_versions)


class _Elements(HTMLParser):
    """The elements of a piece of HTML, with their attributes, and whether each is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += attrs
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def _read(html: str) -> str:
    """The text of HTML that has plain elements alone."""
    elements = _Elements()
    elements.feed(html)
    assert {*elements.names} <= TAGS
    assert not elements.attributes
    assert not elements.open
    assert all(char.isprintable() or char == "\n" for char in elements.text)
    return elements.text


ANSWERS: dict[str, tuple[Callable[[Registry], Any], list[str]]] = {
    "version": (
        lambda it: it.version(f"{NAME}@1.0.0"),
        ["churn@1.0.0", "production", "auc=0.9", "<script>alert(1)</script>"],
    ),
    "model": (lambda it: it.model(NAME), ["1.0.0", "1.1.0", "staging", "auc=0.95"]),
    "shown version": (lambda it: it.show(f"{NAME}@1.1.0"), ["churn@1.1.0", "depth=<b>4"]),
    "shown model": (lambda it: it.show_model(NAME), ["production: 1.0.0", "staging: 1.1.0"]),
    "comparison": (lambda it: it.compare(NAME), ["0.95 (+0.05) best", "<b>4"]),
    "lineage": (lambda it: it.lineage(f"{NAME}@1.1.0"), ["churn@1.1.0", "parent", "churn@1.0.0"]),
    "gates": (
        lambda it: it.gates(f"{NAME}@1.1.0", "production"),
        ["churn@1.1.0 to production", "transition"],
    ),
    "history": (lambda it: it.history(NAME), ["registered", "<i>ready</i>", "jane@example.com"]),
    "query": (lambda it: it.query("SELECT version, '<u>' AS mark FROM versions"), ["1.1.0", "<u>"]),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_shown_as_text_in_plain_elements(name: str, asked: World):
    ask, expected = ANSWERS[name]
    text = _read(ask(Registry.open(asked.registry))._repr_html_())
    assert [part for part in expected if part not in text] == []


def test_a_proposal_says_what_lands_it_and_a_landing_what_was_recorded(started: Template):
    world = started(_versions)
    registry = Registry.open(world.registry)
    world.artifact(b"more", "more.bin")
    proposed = registry.register(NAME, world.root / "more.bin", bump="minor")
    text = _read(proposed._repr_html_())
    assert "Proposed: churn@1.2.0" in text
    assert f"registry.land('{proposed.branch}')" in text
    landed = _read(registry.land(proposed.branch)._repr_html_())
    assert "Landed on main" in landed
    assert "1.2.0" in landed
    moved = _read(registry.promote(f"{NAME}@1.2.0", "staging", reason="<b>now</b>")._repr_html_())
    assert "registry.land('rollbook/" in moved


def test_a_version_that_can_t_be_read_is_shown_to_be_so(started: Template):
    world = started(_versions)
    world.write(f"registry/{NAME}/versions/1.0.0/version.yaml", "metrics: [\n")
    world.commit("Break it")
    assert "can't be read" in _read(Registry.open(world.registry).version(f"{NAME}@1.0.0")._repr_html_())


@given(st.text(), st.lists(st.lists(st.text(), min_size=2, max_size=2), max_size=4))
def test_whatever_a_text_holds_it_is_shown_as_text(title: str, cells: list[list[str]]):
    facts = fact_table((name, value) for name, value in cells)
    text = _read(display(title, facts, row_table(("a", "b"), cells), lines(title)))
    assert re.search("[\u202a-\u202e\u2066-\u2069\x1b]", text) is None


def test_long_tables_and_texts_are_cut_and_say_so():
    text = _read(row_table(["n"], [[place] for place in range(1000)]))
    assert "950 more rows are not shown." in text
    newest = _read(row_table(["n"], [[place] for place in range(1000)], newest=True))
    assert "999" in newest
    assert "950 earlier rows are not shown." in newest
    assert len(_read(display("x" * 10_000))) < 400
    assert "more lines" in _read(lines("a\n" * 1000))
