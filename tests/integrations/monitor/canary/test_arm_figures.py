"""What is taken from a source for each side of a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from rollbook.integrations.monitor.canary.arm_figures import NotComparable, arm_figures
from rollbook.integrations.monitor.canary.pair import Mean, Proportion
from rollbook.integrations.monitor.outcome import Window
from rollbook.records.monitoring import CanarySettings

from ..told_figures import Told, figure, moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.integrations.monitor.canary.pair import Arm
    from rollbook.integrations.monitor.question import Figure

WINDOW = Window(moment(0), moment(1000))


def arm(known: Sequence[Figure] = (), rows: dict[str, Any] | None = None, **settings: Any) -> Arm:
    """What is taken for the version 1.0.0."""
    source = Told(known, {} if rows is None else {"1.0.0": pa.table(rows)})
    said = CanarySettings("live", 0.01, **({"metric": "auc"} | settings))
    return arm_figures(source, said, "credit", "1.0.0", WINDOW).arm


def told(value: float, samples: int | None = 100, at: int = 10, metric: str = "auc") -> Figure:
    return figure("1.0.0", value, at, samples, metric)


def test_proportions_of_parts_are_added_up_by_what_was_counted() -> None:
    assert arm([told(0.5, 10), told(0.1, 90, at=20)]) == Proportion(100, 14)


def test_of_figures_of_the_whole_the_newest_counts() -> None:
    assert arm([told(0.5, 10), told(0.1, 90, at=20)], figures="whole") == Proportion(90, 9)


def test_a_mean_of_parts_is_that_of_all_their_observations() -> None:
    first, second = [1.0, 2.0, 6.0], [4.0, 5.0]
    parts = [
        figure
        for at, part in ((10, first), (20, second))
        for figure in (
            told(_mean(part), len(part), at),
            told(_variance(part) ** 0.5, len(part), at, "auc_stddev"),
        )
    ]
    whole = [*first, *second]
    found = arm(parts, kind="mean")
    assert isinstance(found, Mean)
    assert (found.samples, found.value) == (5, pytest.approx(_mean(whole)))
    assert found.variance == pytest.approx(_variance(whole))


def test_a_mean_without_its_spread_is_not_compared() -> None:
    with pytest.raises(NotComparable, match="auc_stddev"):
        arm([told(0.5)], kind="mean")


def test_a_column_of_true_and_false_is_a_proportion_and_what_is_missing_is_left_out() -> None:
    assert arm(rows={"failed": [True, False, None, False]}, column="failed") == Proportion(3, 1)


def test_a_column_of_numbers_is_a_mean() -> None:
    found = arm(rows={"latency": [1, 2, 6]}, column="latency", kind="mean")
    assert found == Mean(3, 3.0, 7.0)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ({"other": [1]}, "no column 'failed'"),
        ({"failed": [0.5, 0.1]}, "no proportion"),
        ({"failed": ["a", "b"]}, "no numbers"),
        ({"failed": [float("nan"), 1.0]}, "no finite number"),
        ({"failed": [None, True]}, "no rows of 1.0.0"),
    ],
)
def test_a_column_that_can_not_be_compared_says_why(rows: dict[str, Any], says: str) -> None:
    with pytest.raises(NotComparable, match=says):
        arm(rows=rows, column="failed")


@pytest.mark.parametrize(
    ("known", "says"),
    [
        ([], "no figure of 1.0.0"),
        ([told(0.5, None)], "on how many samples"),
        ([told(1.5)], "no proportion"),
        ([told(0.5, 0)], "no samples"),
    ],
)
def test_figures_that_can_not_be_compared_say_why(known: Sequence[Figure], says: str) -> None:
    with pytest.raises(NotComparable, match=says):
        arm(known)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _variance(values: list[float]) -> float:
    return sum((value - _mean(values)) ** 2 for value in values) / (len(values) - 1)
