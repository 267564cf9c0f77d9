"""What is read a line at a time means what the parser takes it for."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rollbook.errors import InvalidFile
from rollbook.yaml.plain import plain_mapping
from rollbook.yaml.strict import load

LINES = [
    "a:", "b:", "a: 1", "b: x", "  a:", "  b: 2", "  c:", "    a: x", "    d:", "  - a: 1", "  - x",
    "    - y", "    b: 3", "- a", "- a: 1", "  - b:", "      c: 1", "      - z", "    - a:", "   a: 1",
    " a: 1", "a: 'x'", 'a: "x"', "a: 'it''s'", 'a: "\\n"', "a: '", "a: x: y", "a: x #y", "a: x#y",
    "a: x:y", "a: x:", "a: |", "  text", "a: [1]", "a: {b: 1}", "a: &x 1", "a: *x", "a: !t 1", "null: 1",
    "true: x", "1: x", "a: ", "a:  x", "a: x ", "-", "  -", "---", "...", "%YAML 1.2", "# why", "  # why",
    "", "  ", "\ta: 1", "a: 1.5", "a: 0x1f", "a: 1e999", "a: .inf", "a: ~", "a: null", "a: -1", "a: - 1",
    "a: -x", "a: --", "a: 2026-01-01T00:00:00Z", "a: café", "a: x\ry", "a: x\x85b: y", "<<: x", "? a",
    ": x", "a : x", "  - - a", "  -  a: 1", "    e: 1", "a: https://example.com/#/runs",
    "a: b, [c] {d} 'e' \"f\"", "a: x!",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(LINES), min_size=1, max_size=8).map(lambda lines: "\n".join(lines) + "\n")


def by_the_parser(text: str) -> object:
    # A comment at the end changes nothing, and is nothing that is read a line at a time.
    return load(f"{text}# end\n".encode())


def agree(text: str) -> None:
    found = plain_mapping(text)
    if found is not None:
        assert repr(found) == repr(by_the_parser(text))


@settings(max_examples=800, deadline=None)
@given(TEXTS)
@example("a:\n  b: 1\n   c: 2\n")
@example("a: x\n  b: y\n")
@example("a:\n- b\n")
def test_any_lines_mean_the_same(text: str) -> None:
    agree(text)


SCALARS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=8)


@settings(max_examples=800, deadline=None)
@given(SCALARS, st.sampled_from(["a: {}\n", "a:\n  - {}\n", "a:\n  - b: {}\n    c: 1\n", "{}: 1\n"]))
def test_any_scalar_means_the_same(scalar: str, around: str) -> None:
    agree(around.format(scalar))


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb:\n  c: x\n  d:\n    - e: 'f'\n      g: -1\n    - h\ni:\n",
        "# yaml-language-server: $schema=x.json\na: https://example.com/#/runs\n",
    ],
)
def test_plain_texts_are_read_a_line_at_a_time(text: str) -> None:
    assert plain_mapping(text) == by_the_parser(text)


@pytest.mark.parametrize("text", ["a: 1\na: 2\n", "a: " + "9" * 40 + "\n", "a:\n  - b: 1\n    b: 2\n"])
def test_what_is_wrong_is_left_to_the_parser(text: str) -> None:
    assert plain_mapping(text) is None
    with pytest.raises(InvalidFile):
        load(text.encode())
