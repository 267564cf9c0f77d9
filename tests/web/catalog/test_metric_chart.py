"""The chart of a metric over versions."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from rollbook.web.catalog.drawing.metric_chart import HEIGHT, WIDTH, metric_chart

VALUES = st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=60)


@given(VALUES)
@example([1.7e308, -1.7e308])
@example([0.5, 0.5])
@example([5e-324, 1e-323])
def test_whatever_is_measured_stands_inside_of_the_chart(values: list[float]) -> None:
    figures = {f"1.{minor}.0": {"auc": value} for minor, value in enumerate(values)}
    chart = metric_chart("auc", figures, frozenset(), lower_is_better=False)
    finite = [value for value in values if abs(value) < float("inf")]
    assert (chart is None) == (len(finite) < 2)
    if chart is not None:
        assert [point.value for point in chart.points] == finite
        assert all(0 <= point.x <= WIDTH and 0 <= point.y <= HEIGHT for point in chart.points)


def test_a_higher_figure_stands_higher_and_a_promotion_is_marked() -> None:
    figures = {"1.0.0": {"auc": 0.8}, "1.1.0": {}, "1.2.0": {"auc": 0.9}}
    chart = metric_chart("auc", figures, {"1.2.0"}, lower_is_better=False)
    assert chart is not None
    first, last = chart.points
    assert first.x < last.x
    assert last.y < first.y
    assert (first.is_promoted, last.is_promoted) == (False, True)


def test_the_best_is_the_lowest_where_lower_is_better() -> None:
    figures = {"1.0.0": {"loss": 0.2}, "1.1.0": {"loss": 0.3}}
    chart = metric_chart("loss", figures, (), lower_is_better=True)
    assert chart is not None
    assert "the best 0.2 in 1.0.0" in chart.summary
