"""One column held against another: whatever is in them, there is a value, or it is said why there is none."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.integrations.monitor.checks.drift_check import METHODS
from rollbook.integrations.monitor.drift.binning import bin_counts, quantile_edges
from rollbook.integrations.monitor.drift.column_drift import column_drift
from rollbook.integrations.monitor.drift.column_samples import (
    MOST_CATEGORIES,
    CannotTell,
    Categories,
    NoDistribution,
    Numbers,
    category_counts,
    column_sample,
)

NUMBERS = st.lists(st.none() | st.floats() | st.sampled_from([0.0, 1.0, -0.0, 5e-324, 1.7e308, -1.7e308]))
KINDS = st.one_of(
    NUMBERS.map(lambda values: pa.array(values, pa.float64())),
    st.lists(st.none() | st.integers(-(2**63), 2**63 - 1)).map(lambda values: pa.array(values, pa.int64())),
    st.lists(st.none() | st.booleans()).map(lambda values: pa.array(values, pa.bool_())),
    st.lists(st.none() | st.text(max_size=3)).map(lambda values: pa.array(values, pa.string())),
    st.lists(st.none() | st.sampled_from("abc")).map(
        lambda values: pa.array(values, pa.string()).dictionary_encode()
    ),
    st.integers(0, 5).map(pa.nulls),
    st.lists(st.none() | st.decimals(-999, 999, places=2)).map(
        lambda values: pa.array(values, pa.decimal128(9, 2))
    ),
    st.lists(st.none() | st.integers(0, 10**6)).map(lambda values: pa.array(values, pa.timestamp("s"))),
)
FINITE = st.lists(st.integers(-50, 50).map(float), min_size=1, max_size=60)
WORDS = st.lists(st.sampled_from("abcde"), min_size=1, max_size=60)


def _column(values: Any) -> pa.ChunkedArray:
    return pa.chunked_array([values if isinstance(values, pa.Array) else pa.array(values)])


@given(KINDS, KINDS, st.sampled_from(METHODS), st.booleans())
def test_any_mix_gives_a_value_or_says_that_it_can_not(
    one: pa.Array, other: pa.Array, method: str, tests: bool
) -> None:
    try:
        found = column_drift(column_sample(_column(one)), column_sample(_column(other)), method, tests=tests)
    except CannotTell:
        return
    assert math.isfinite(found.statistic)
    assert found.statistic >= 0
    assert found.p_value is None or 0 <= found.p_value <= 1


@given(st.one_of(FINITE, WORDS), st.sampled_from(METHODS))
def test_what_is_the_same_does_not_drift(values: list[Any], method: str) -> None:
    sample = column_sample(_column(values))
    if method in ("wasserstein", "ks") and isinstance(sample, Categories):
        return
    found = column_drift(sample, sample, method)
    assert found.statistic == pytest.approx(0, abs=1e-9)
    assert found.p_value is None or found.p_value == pytest.approx(1)


@given(st.one_of(st.tuples(FINITE, FINITE), st.tuples(WORDS, WORDS)), st.sampled_from(METHODS), st.randoms())
def test_the_order_of_rows_is_nothing_to_drift(
    pair: tuple[list[Any], list[Any]], method: str, chance: Any
) -> None:
    one, other = pair
    if method in ("wasserstein", "ks") and isinstance(one[0], str):
        return
    turned = [*one], [*other]
    for values in turned:
        chance.shuffle(values)
    found = [
        column_drift(column_sample(_column(a)), column_sample(_column(b)), method)
        for a, b in ((one, other), turned)
    ]
    assert found[0].statistic == pytest.approx(found[1].statistic)


@given(FINITE)
def test_bins_hold_each_value_once_and_about_as_many_each(values: list[float]) -> None:
    ordered = np.sort(np.array(values))
    edges = quantile_edges(ordered)
    counts = bin_counts(ordered, edges)
    assert counts.sum() == len(values)
    brute = [sum(lower < value <= upper for value in values)
             for lower, upper in zip([-math.inf, *edges], [*edges, math.inf], strict=True)]  # fmt: skip
    assert counts.tolist() == brute


def test_of_values_that_all_differ_each_of_ten_bins_has_a_tenth() -> None:
    ordered = np.arange(1000.0)
    assert bin_counts(ordered, quantile_edges(ordered)).tolist() == [100.0] * 10


def test_what_is_often_the_same_has_a_bin_of_its_own() -> None:
    often_zero = column_sample(_column([0.0] * 900 + [*map(float, range(1, 101))]))
    below = column_sample(_column([-1.0] * 900 + [*map(float, range(1, 101))]))
    assert column_drift(often_zero, below, "psi").statistic > 1
    constant, moved = column_sample(_column([3.0] * 10)), column_sample(_column([2.0] * 10))
    assert column_drift(constant, moved, "psi").statistic > 1


def test_categories_beyond_the_usual_ones_are_counted_as_one() -> None:
    names = [f"{number:04}" for number in range(1000)]
    reference = column_sample(_column([*names, *names[:MOST_CATEGORIES]]))
    then, now = category_counts(reference, column_sample(_column(["new", names[0]])))  # type: ignore[arg-type]
    assert len(then) == len(now) == MOST_CATEGORIES + 1
    assert (then[0], then[-1]) == (2, 1000 - MOST_CATEGORIES)
    assert (now[0], now[-1]) == (1, 1)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, None, 3], Numbers),
        ([Decimal("1.5")], Numbers),
        (pa.array([1.5], pa.float32()), Numbers),
        (pa.array([3, 4], pa.uint8()).dictionary_encode(), Numbers),
        ([True, False], Categories),
        (["a"], Categories),
        (pa.array(["a"], pa.string_view()), Categories),
        (pa.array(["a"]).dictionary_encode(), Categories),
    ],
)
def test_the_kind_of_a_column_decides_what_it_is(values: Any, kind: type) -> None:
    assert isinstance(column_sample(_column(values)), kind)


def test_lists_objects_bytes_and_times_have_no_distribution() -> None:
    for values in ([[1]], [{"a": 1}], [b"x"], pa.array([1], pa.date32())):
        with pytest.raises(NoDistribution):
            column_sample(_column(values))


def test_what_is_no_finite_number_is_left_out_and_counted() -> None:
    sample = column_sample(_column([None, math.nan, math.inf, -math.inf, 2.0, 1.0]))
    assert isinstance(sample, Numbers)
    assert (sample.values.tolist(), sample.missing, sample.infinite) == ([1.0, 2.0], 2, 2)


def test_a_constant_column_that_moved_is_far_away_and_still_a_number() -> None:
    one, other = column_sample(_column([1.0, 1.0])), column_sample(_column([2.0, 2.0]))
    assert math.isfinite(column_drift(one, other, "wasserstein").statistic)
