"""Distances between distributions: published examples, other implementations, and what must always hold."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import distance as scipy_distance
from scipy.stats import wasserstein_distance

from rollbook.integrations.monitor.drift.distances import (
    jensen_shannon,
    population_stability_index,
    wasserstein,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

COUNTS = st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=1, max_size=12).filter(
    lambda pairs: any(a for a, _ in pairs) and any(b for _, b in pairs)
)
NUMBERS = st.lists(st.integers(-1000, 1000), min_size=1, max_size=25)


def _array(values: object) -> NDArray[np.float64]:
    return np.sort(np.asarray(values, dtype=np.float64))


def _pair(pairs: list[tuple[int, int]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    one, other = zip(*pairs, strict=True)
    return np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)


# Worked out term by term where it is taught: ages in five bins, and five equal bins that shift.
@pytest.mark.parametrize(
    ("expected", "actual", "terms", "index"),
    [
        ([30, 25, 20, 15, 10], [15, 20, 25, 25, 15], [0.104, 0.011, 0.011, 0.051, 0.020], 0.198),
        ([20, 20, 20, 20, 20], [10, 15, 20, 25, 30], [0.0693, 0.0144, 0, 0.0112, 0.0405], 0.14),
    ],
)
def test_the_index_of_published_examples(
    expected: list[float], actual: list[float], terms: list[float], index: float
) -> None:
    found = population_stability_index(np.array(expected, dtype=float), np.array(actual, dtype=float))
    assert found == pytest.approx(sum(terms), abs=2e-3)
    assert found == pytest.approx(index, abs=5e-3)


@pytest.mark.parametrize("share", [0.6, 0.65, 0.9])
def test_the_index_of_two_halves_that_shift_is_known_in_closed_form(share: float) -> None:
    live = np.array([1 - share, share]) * 1000
    exact = (share - 0.5) * math.log(share / (1 - share))
    assert population_stability_index(np.array([500.0, 500]), live) == pytest.approx(exact)


def test_the_index_is_the_sum_of_both_relative_entropies() -> None:
    from scipy.stats import entropy

    generator = np.random.default_rng(3)
    for _ in range(20):
        one, other = generator.integers(1, 100, (2, 9)).astype(float)
        p, q = one / one.sum(), other / other.sum()
        assert population_stability_index(one, other) == pytest.approx(entropy(p, q) + entropy(q, p))


def test_an_empty_bin_counts_as_half_an_observation() -> None:
    index = population_stability_index(np.array([50.0, 50, 0]), np.array([50.0, 0, 50]))
    filled = 2 * (0.5 - 0.005) * math.log(0.5 / 0.005)
    assert index == pytest.approx(filled)


# https://docs.scipy.org/doc/scipy/reference/generated/scipy.spatial.distance.jensenshannon.html has the first
# three; the second there is to base e.
@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        ([1, 0, 0], [0, 1, 0], 1.0),
        ([1, 0], [0.5, 0.5], 0.46450140402245893 / math.sqrt(math.log(2))),
        ([1, 0, 0], [1, 0, 0], 0.0),
    ],
)
def test_jensen_shannon_of_published_examples(one: list[float], other: list[float], distance: float) -> None:
    assert jensen_shannon(np.array(one, dtype=float), np.array(other, dtype=float)) == pytest.approx(distance)


@given(COUNTS)
def test_jensen_shannon_is_what_scipy_computes(pairs: list[tuple[int, int]]) -> None:
    one, other = _pair(pairs)
    expected = scipy_distance.jensenshannon(one, other, base=2)
    assert jensen_shannon(one, other) == pytest.approx(0 if math.isnan(expected) else expected, abs=1e-7)


# https://docs.scipy.org/doc/scipy/reference/generated/scipy.stats.wasserstein_distance.html
def test_wasserstein_of_published_examples() -> None:
    assert wasserstein(_array([0, 1, 3]), _array([5, 6, 8]), scaled=False) == pytest.approx(5.0)
    assert wasserstein(_array([0, 0, 0, 1]), _array([0, 0, 1, 1]), scaled=False) == pytest.approx(0.25)


@given(NUMBERS, NUMBERS)
def test_wasserstein_is_the_area_between_both_distribution_functions(
    one: list[int], other: list[int]
) -> None:
    points = sorted({*one, *other})
    area = Fraction(0)
    for left, right in pairwise(points):
        below = [Fraction(sum(value <= left for value in sample), len(sample)) for sample in (one, other)]
        area += abs(below[0] - below[1]) * (right - left)
    assert wasserstein(_array(one), _array(other), scaled=False) == pytest.approx(float(area), abs=1e-9)


def test_wasserstein_is_scaled_by_the_standard_deviation_of_the_reference() -> None:
    reference, live = _array([2, 4, 4, 4, 5, 5, 7, 9]), _array([5, 7, 7, 7, 8, 8, 10, 12])  # deviation: 2
    assert wasserstein(reference, live) == pytest.approx(1.5)
    assert wasserstein(reference * 60, live * 60) == pytest.approx(1.5)


def test_a_constant_column_that_moved_is_infinitely_many_deviations_away() -> None:
    assert wasserstein(_array([1, 1]), _array([1, 1])) == 0
    assert wasserstein(_array([1, 1]), _array([2, 2])) == math.inf


@given(COUNTS)
def test_counts_that_are_in_proportion_are_no_distance_apart(pairs: list[tuple[int, int]]) -> None:
    one, _ = _pair(pairs)
    for distance in (population_stability_index, jensen_shannon):
        assert distance(one, one) == 0
        assert distance(one, one * 7) == pytest.approx(0, abs=1e-7)


@given(COUNTS)
def test_distances_of_counts_are_symmetric_and_don_t_ask_for_the_order(pairs: list[tuple[int, int]]) -> None:
    one, other = _pair(pairs)
    for distance in (population_stability_index, jensen_shannon):
        found = distance(one, other)
        assert found >= 0
        assert distance(other, one) == pytest.approx(found)
        assert distance(one[::-1], other[::-1]) == pytest.approx(found)
    assert jensen_shannon(one, other) <= 1


@given(NUMBERS, NUMBERS)
def test_wasserstein_is_symmetric_where_it_is_not_scaled(one: list[int], other: list[int]) -> None:
    found = wasserstein(_array(one), _array(other), scaled=False)
    assert wasserstein(_array(other), _array(one), scaled=False) == pytest.approx(found)
    assert found == pytest.approx(wasserstein_distance(one, other))


def test_a_sample_without_values_has_no_distance() -> None:
    nothing, some = np.zeros(3), np.array([1.0, 2, 3])
    for distance in (population_stability_index, jensen_shannon):
        assert math.isnan(distance(nothing, some))
        assert math.isnan(distance(some, nothing))
    assert math.isnan(wasserstein(_array([]), some))
