"""Tables on terminals of any width."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from building.terminal import on_terminal
from rollbook.cli.terminal_table import drawn, fact_lines, wrapped
from rollbook.text import printable

if TYPE_CHECKING:
    from building.once import Template
    from building.world import World

_ESCAPE = re.compile("\x1b\\[[0-9;]*m")
WORDS = st.one_of(
    st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=30).filter(
        lambda word: not re.search("[\u3041-\u30fa\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]", word)
    ),
    st.sampled_from(
        ["jane@example.com", "2026-11-28T08:40:00Z", "\x1b[31m", "\u202e", "::error::", "e\u0301"]
    ),
    st.text("ab -", max_size=40),
)
CELLS = st.lists(WORDS, max_size=8).map(" ".join)
COLUMNS = ["model", "", "what it is asked for", "by"]
TABLES = st.lists(st.tuples(*[CELLS] * len(COLUMNS)), max_size=6)
ORDERS = st.permutations(COLUMNS).flatmap(lambda names: st.integers(0, 4).map(lambda few: names[:few]))


def plain(lines: list[str]) -> list[str]:
    return [_ESCAPE.sub("", line) for line in lines]


def words_of(*texts: str) -> set[str]:
    return {word for text in texts for word in printable(text).split(" ") if word}


@given(TABLES, st.integers(20, 200), ORDERS)
def test_no_line_is_wider_than_the_terminal_unless_one_word_is(
    rows: list[tuple[str, ...]], width: int, may_go: list[str]
) -> None:
    for line in plain(drawn(COLUMNS, rows, width, may_go=may_go).lines):
        assert cell_len(line) <= width or len(line.split()) == 1


@given(TABLES, st.integers(20, 200), ORDERS)
def test_no_word_is_broken(rows: list[tuple[str, ...]], width: int, may_go: list[str]) -> None:
    table = drawn(COLUMNS, rows, width, may_go=may_go)
    known = words_of(*COLUMNS, *(f"{name}:" for name in COLUMNS), *(cell for row in rows for cell in row))
    shown = {word for line in plain(table.lines) for word in line.split() if set(word) != {"─"}}
    assert {word for word in shown if word not in known} == set()


@given(TABLES, st.integers(20, 200), ORDERS)
def test_whatever_is_in_no_column_that_is_left_out_is_shown(
    rows: list[tuple[str, ...]], width: int, may_go: list[str]
) -> None:
    table = drawn(COLUMNS, rows, width, may_go=may_go)
    assert set(table.left_out) <= set(may_go)
    kept = [index for index, name in enumerate(COLUMNS) if name not in table.left_out]
    shown = {word for line in plain(table.lines) for word in line.split()}
    assert words_of(*(row[index] for row in rows for index in kept)) <= shown


@given(CELLS, st.integers(20, 100))
def test_facts_keep_to_the_width_and_break_no_word(value: str, width: int) -> None:
    value = printable(value)
    lines = list(fact_lines([("name", value), ("  a longer name", "x")], width))
    assert all(cell_len(line) <= width or len(line.split()) == 1 for line in lines)
    assert [word for line in lines for word in line.split()][: len(value.split()) + 1] == [
        "name", *value.split(),
    ]  # fmt: skip


ROW = ["2026-11-28", "credit-approval", "1.1.0 put into production", "AUC is better by two hundredths"]
HEAD = ["when", "model", "change", "reason"]


def test_a_table_that_fits_has_one_line_a_row() -> None:
    assert len(drawn(HEAD, [ROW], 100).lines) == 3


def test_a_table_that_is_a_little_too_wide_wraps_its_widest_cells() -> None:
    table = drawn(HEAD, [ROW], 80, may_go=["reason"])
    assert table.left_out == []
    assert [line[53:] for line in plain(table.lines)[2:]] == ["  AUC is better by two", "  hundredths"]


def test_the_columns_go_in_the_order_that_is_given() -> None:
    at = {width: drawn(HEAD, [ROW], width, may_go=["reason", "when"]).left_out for width in (80, 50, 35)}
    assert at == {80: [], 50: ["reason"], 35: ["when", "reason"]}


def test_a_column_that_holds_nothing_goes_first_and_is_not_missed() -> None:
    table = drawn(["a", "b", "c"], [["x" * 10, "y" * 10, ""]], 23, may_go=["b", "c"])
    assert plain(table.lines)[0] == "a           b"
    assert table.left_out == []


def test_where_no_columns_fit_each_row_is_a_block_with_all_that_it_holds() -> None:
    table = drawn(HEAD, [ROW, ["", "churn", "1.0.0 registered", ""]], 24, may_go=["reason"])
    assert (table.lines, table.left_out) == (
        [
            "when: 2026-11-28",
            "model: credit-approval",
            "change: 1.1.0 put into",
            "  production",
            "reason: AUC is better by",
            "  two hundredths",
            "",
            "model: churn",
            "change: 1.0.0 registered",
        ],
        (),
    )


def test_a_column_without_a_name_is_the_title_of_a_block() -> None:
    table = drawn(["", "1.0.0", "1.1.0"], [["accuracy", "0.9", "0.95 (+0.05, best)"]], 20)
    assert table.lines == ["accuracy", "  1.0.0: 0.9", "  1.1.0: 0.95", "    (+0.05, best)"]


def test_a_word_that_has_no_room_beside_its_name_stands_below_it() -> None:
    assert wrapped(f"sha256: {'a' * 20}", 20, indent=2) == ["sha256:", "a" * 20]
    assert list(fact_lines([("sha256", "a" * 20)], 20)) == ["sha256", "a" * 20]


def test_wide_characters_take_two_cells() -> None:
    lines = plain(drawn(["a", "b"], [["数据模型", "x"], ["data", "y"]], 40).lines)
    assert lines[2:] == ["数据模型  x", "data      y"]


def test_a_sentence_without_blanks_is_broken_between_its_characters() -> None:
    assert wrapped("数据模型。数据模型。", 10) == ["数据模型。", "数据模型。"]
    assert wrapped("数据模型。数据", 8) == ["数据模", "型。数据"]


def test_many_blanks_take_no_longer_than_their_number() -> None:
    text = f"a{' ' * 200_000}"
    assert wrapped(f"{text}b{' ' * 200_000}", 20) == ["a", "b"]


def test_a_cell_is_painted_and_the_width_stays() -> None:
    def paint(column: str, cell: str) -> str | None:
        return "green" if (column, cell) == ("stage", "production") else None

    lines = drawn(["stage", "x"], [["production", "1"], ["archived", "2"]], 40, paint=paint).lines
    assert lines[2:] == ["\x1b[32mproduction\x1b[0m  1", "archived    2"]
    narrow = drawn(["stage", "x"], [["production", "word " * 3 + "w" * 16]], 20, paint=paint).lines
    assert narrow[0] == "stage: \x1b[32mproduction\x1b[0m"


# --- as commands print them


def _compared(world: World) -> None:
    world.register("credit-approval", "1.0.0", "--metric", "accuracy=0.9", "--description", "A first model")
    world.register("credit-approval", "1.1.0", "--metric", "accuracy=0.95")
    world.promote("credit-approval@1.0.0", "staging")
    world.run("promote", "credit-approval@1.1.0", "staging", "--reason", f"better {'in every way ' * 6}")


@pytest.fixture(scope="module")
def compared(template: Template) -> World:
    return template(_compared)


TABLED = [
    ["list"],
    ["list", "credit-approval"],
    ["history"],
    ["compare", "credit-approval"],
    ["query", "select * from versions"],
    ["query", "--schema"],
    ["storage"],
    ["gates", "credit-approval@1.0.0", "archived"],
    ["best", "credit-approval", "-m", "accuracy"],
    ["prune", "--dry-run"],
]


@pytest.mark.parametrize("arguments", TABLED, ids=" ".join)
def test_a_command_keeps_to_the_width_of_its_terminal(compared: World, arguments: list[str]) -> None:
    for width in (20, 40, 80):
        lines = _ESCAPE.sub("", on_terminal(compared.registry, width, *arguments)).split("\n")
        assert [line for line in lines if cell_len(line) > width and len(line.split()) > 1] == []


def test_a_request_keeps_to_the_width_of_its_terminal(compared: World) -> None:
    lines = on_terminal(compared.registry, 40, "requests", "--offline").split("\n")
    assert all(cell_len(line) <= 40 or len(line.split()) == 1 for line in lines)


def test_what_has_no_room_is_named(compared: World) -> None:
    told = on_terminal(compared.registry, 60, "list", "credit-approval")
    assert "left out, for want of room: created by; a wider" in told


@pytest.mark.parametrize("width", ["20", "1", "0", "-5", "x", "9" * 30])
def test_what_is_piped_is_whole_at_any_width(
    compared: World, monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    whole = compared.run("list", "credit-approval").out
    monkeypatch.setenv("COLUMNS", width)
    assert compared.run("list", "credit-approval").out == whole
    assert whole.splitlines()[0].split("\t")[-2:] == ["created by", "metrics"]


@pytest.mark.parametrize("width", [1, 0, 10**30])
def test_no_width_is_one_that_a_table_fails_at(compared: World, width: int) -> None:
    assert "credit-approval" in on_terminal(compared.registry, width, "list")


def test_a_dumb_terminal_gets_no_escapes(compared: World) -> None:
    assert "\x1b" not in on_terminal(compared.registry, 80, "list", TERM="dumb")
