from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rollbook.text import inert_code, inert_line, one_line, printable, spreadsheet_cell


@pytest.mark.parametrize("text", ["", "credit-approval", "é ü 模型 😀", "a: b, 'c' (d)", "a::b", "# title"])
def test_ordinary_text_stays_as_it_is(text):
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb", "a\\nb"),
        ("a\r\tb", "a\\r\\tb"),
        ("\x00\x7f\x9b", "\\x00\\x7f\\x9b"),
        ("x\u202ey", "x\\u202ey"),
        ("x\u200by", "x\\u200by"),
        ("\U000e0041", "\\U000e0041"),
        ("\udcff", "\\xff"),
        ("\ud800", "\\ud800"),
        ("a\u2028b", "a\\u2028b"),
    ],
)
def test_a_character_that_acts_is_shown_as_an_escape(text, shown):
    assert printable(text) == shown


@pytest.mark.parametrize(
    "text", ["::error::x", "  ::set-output name=a::b", "##[error]x", "a ##vso[task.setvariable]x"]
)
def test_what_a_ci_runner_takes_for_a_command_is_broken_up(text):
    shown = printable(text)
    assert not shown.lstrip().startswith("::")
    assert "##[" not in shown
    assert "##vso[" not in shown


@given(st.text() | st.text("\x1b\n\r\t:# \u202e[vso\udc80", max_size=12))
def test_no_text_acts_on_a_terminal_or_a_runner(text):
    shown = printable(text)
    assert shown.isprintable()
    assert not shown.lstrip().startswith("::")
    assert "##[" not in shown
    shown.encode()


@given(st.text())
def test_printable_text_stays_printable_text(text):
    assert printable(printable(text)) == printable(text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a  b", "a b"),
        (" a\n\nb\t", "a b"),
        ("a\r\nKey: forged", "a Key: forged"),
        ("a\x1b[31m", "a [31m"),
        ("\n", ""),
    ],
)
def test_a_trailers_value_is_one_line_of_single_blanks(text, line):
    assert one_line(text) == line


def test_a_trailers_value_is_cut_off_where_it_is_too_long():
    assert one_line("x" * 3000) == "x" * 2000
    assert one_line("abc def", longest=5) == "abc d"


@given(st.text())
def test_a_trailers_value_never_breaks_the_line(text):
    line = one_line(text)
    assert line.isprintable()
    assert line == line.strip()
    assert one_line(line) == line


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "|", "%", "\t", "\r", "\n"])
def test_a_spreadsheet_takes_no_cell_for_a_formula_whichever_character_it_knows_one_by(start):
    assert spreadsheet_cell(f"{start}cmd") == f"'{start}cmd"
    assert spreadsheet_cell(f"a{start}") == f"a{start}"


@pytest.mark.parametrize("text", ["see https://evil.example", "HTTP://evil.example", "WWW.evil.example"])
def test_no_address_is_one_to_a_forge_in_either_form_of_markdown(text):
    for written in (inert_line(text), inert_code(text)):
        assert "://" not in written
        assert "www." not in written.lower()
        assert html.unescape(written.removeprefix("<code>").removesuffix("</code>")) == text


@given(st.text() | st.text("`*_[]|#~${}<>&\\:/w.@\n-+=1) a", max_size=12))
def test_both_forms_of_markdown_show_a_text_and_end_no_cell_of_a_table(text):
    for written in (inert_line(text), inert_code(text)):
        cells = MarkdownIt("commonmark").enable("table").parse(f"| a | b |\n| --- | --- |\n| {written} | x |")
        assert [token.type for token in cells].count("td_open") == 2
        shown = [token for cell in cells if cell.type == "inline" for token in cell.children]
        allowed = {"text", "text_special", "html_inline"}
        assert {token.type for token in shown} <= allowed
        assert [token.content for token in shown if token.type == "html_inline"] in (
            [],
            ["<code>", "</code>"],
        )
