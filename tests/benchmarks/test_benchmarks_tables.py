"""What is made of the figures: growth, goals, tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from benchmarks.figures import Figures, Found, exponent, load_figures, reached
from benchmarks.question import Goal, Question
from benchmarks.sizes import SIZES
from benchmarks.tables import BEGIN, END, as_markdown, into_page
from benchmarks.timing import Timing
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from pathlib import Path


def _asked(*goals: Goal) -> Question:
    return Question("resolve", "Which one?", lambda _: [], goals)


def _found(size: str, seconds: float | None, label: str = "ours", **more: object) -> Found:
    return Found("resolve", SIZES[size], Timing(label, "rollbook", seconds, **more))  # type: ignore[arg-type]


@given(st.floats(-1, 3), st.floats(1e-5, 100))
def test_the_exponent_is_that_of_the_power_law_that_the_times_follow(power: float, factor: float) -> None:
    points = [(size, factor * size**power) for size in (100.0, 1_000.0, 100_000.0)]
    assert exponent(points) == pytest.approx(power, abs=1e-9)


def test_one_size_has_no_exponent() -> None:
    assert exponent([(100.0, 1.0), (100.0, 2.0)]) is None


def test_a_goal_can_be_the_own_time_at_another_size() -> None:
    figures = Figures([_found("v100", 0.1), _found("v100k", 0.12)])
    assert reached(figures, _asked(), Goal("v100k", 1.3, "v100")) == pytest.approx(1.2)


def test_a_goal_can_be_another_commands_time() -> None:
    figures = Figures([_found("v100", 0.1), _found("v100", 0.4, "floor")])
    assert reached(figures, _asked(), Goal("v100", 2, "floor")) == pytest.approx(0.25)


def test_a_goal_can_be_a_count() -> None:
    figures = Figures([_found("v100", 0.1, counts={"round trips": 3})])
    assert reached(figures, _asked(), Goal("v100", 3, figure="round trips")) == 3


def test_a_goal_that_was_missed_is_shown_as_missed() -> None:
    figures = Figures([_found("v100", 0.3)])
    tables = as_markdown(figures, [_asked(Goal("v100", 0.2))])
    assert "| at most 200 ms | 300 ms | **no** |" in tables


def test_no_answer_is_shown_with_its_reason() -> None:
    figures = Figures([_found("v100", None, note="no answer after 60 s")])
    assert "no answer after 60 s" in as_markdown(figures, [_asked()])


def test_figures_that_are_kept_come_back(tmp_path: Path) -> None:
    figures = Figures([_found("v100", 0.1, counts={"round trips": 3}), _found("v1k", None, note="why")])
    figures.save(tmp_path / "figures.json")
    assert load_figures(tmp_path / "figures.json").as_data() == figures.as_data()


def test_a_question_that_is_put_again_replaces_what_was_known_of_that_size() -> None:
    figures = Figures([_found("v100", 0.1, "old"), _found("v1k", 0.1, "old")])
    figures.add([_found("v100", 0.2, "new")])
    assert figures.timing("resolve", "v100", "old") is None
    assert figures.timing("resolve", "v1k", "old") is not None


def test_the_tables_of_a_page_are_replaced_and_the_rest_stays() -> None:
    assert (
        into_page(f"head\n{BEGIN}\nold\n{END}\ntail\n", "new\n") == f"head\n{BEGIN}\n\nnew\n\n{END}\ntail\n"
    )


def test_a_page_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="benchmarks:begin"):
        into_page("head\n", "new\n")
