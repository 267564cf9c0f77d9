"""Tests of distributions and corrections of their p-values: published examples, other implementations."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from rollbook.integrations.monitor.drift.corrections import (
    CORRECTIONS,
    benjamini_hochberg,
    bonferroni,
    holm,
)
from rollbook.integrations.monitor.drift.distribution_tests import chi_square, kolmogorov_smirnov

# http://www.physics.csbsju.edu/stats/KS-test.html, "treatment B": D is 0.45.
CONTROL_B = [
    *(1.26, 0.34, 0.70, 1.75, 50.57, 1.55, 0.08, 0.42, 0.50, 3.20),
    *(0.15, 0.49, 0.95, 0.24, 1.37, 0.17, 6.98, 0.10, 0.94, 0.38),
]
TREATMENT_B = [
    *(2.37, 2.16, 14.82, 1.73, 41.04, 0.23, 1.32, 2.91, 39.41, 0.11),
    *(27.44, 4.51, 0.51, 4.50, 0.18, 14.68, 4.66, 1.30, 2.06, 1.19),
]
# Y. Benjamini and Y. Hochberg (1995), section 4: at 0.05, four of fifteen are found, and by Bonferroni three.
FIFTEEN = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0),
]
P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=20)


def _array(values: list[float]) -> np.ndarray:
    return np.sort(np.asarray(values, dtype=np.float64))


def test_kolmogorov_smirnov_of_a_published_example() -> None:
    found = kolmogorov_smirnov(_array(CONTROL_B), _array(TREATMENT_B))
    assert found.statistic == pytest.approx(0.45)
    assert found.p_value == pytest.approx(0.0335, abs=1e-3)  # exact; the page's own is of the limit


@given(st.permutations(range(9)))
def test_its_p_value_is_the_share_of_all_ways_to_part_the_values(order: list[int]) -> None:
    one, other = order[:4], order[4:]

    def difference(some: tuple[int, ...]) -> Fraction:
        rest = [value for value in range(9) if value not in some]
        return max(
            abs(Fraction(sum(a <= x for a in some), 4) - Fraction(sum(b <= x for b in rest), 5))
            for x in range(9)
        )

    least = difference(tuple(one))
    ways = [difference(some) >= least for some in combinations(range(9), 4)]
    found = kolmogorov_smirnov(_array([*map(float, one)]), _array([*map(float, other)]))
    assert found.statistic == pytest.approx(float(least))
    assert found.p_value == pytest.approx(sum(ways) / len(ways))


def test_of_many_rows_it_takes_the_limit_distribution() -> None:
    generator = np.random.default_rng(5)
    one, other = np.sort(generator.normal(size=3000)), np.sort(generator.normal(0.05, size=2000))
    found = kolmogorov_smirnov(one, other)
    points = np.concatenate([one, other])
    difference = np.abs(
        np.searchsorted(one, points, "right") / 3000 - np.searchsorted(other, points, "right") / 2000
    ).max()
    assert found.statistic == pytest.approx(difference)
    limit = special.kolmogorov(math.sqrt(3000 * 2000 / 5000) * difference)
    assert found.p_value == pytest.approx(limit, rel=0.05)


# https://docs.scipy.org/doc/scipy/reference/generated/scipy.stats.chi2_contingency.html: the first example.
def test_chi_square_of_a_published_example() -> None:
    found = chi_square(np.array([10.0, 10, 20]), np.array([20.0, 20, 20]))
    assert found.statistic == pytest.approx(2.7777777777777777)
    assert found.p_value == pytest.approx(0.24935220877729619)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=8))
def test_chi_square_is_its_sum_in_fractions(pairs: list[tuple[int, int]]) -> None:
    there = [pair for pair in pairs if sum(pair)]
    rows = [sum(one for one, _ in there), sum(other for _, other in there)]
    found = chi_square(*(np.array(side, dtype=float) for side in zip(*pairs, strict=True)))
    if not all(rows):
        assert math.isnan(found.statistic)
        return
    total = sum(
        ((Fraction(pair[side]) - Fraction(rows[side] * sum(pair), sum(rows))) ** 2)
        / Fraction(rows[side] * sum(pair), sum(rows))
        for pair in there
        for side in (0, 1)
    )
    assert found.statistic == pytest.approx(float(total), abs=1e-9)
    if len(there) > 1:
        assert found.p_value == pytest.approx(special.chdtrc(len(there) - 1, float(total)))


def test_tests_of_nothing_say_nothing() -> None:
    for found in (kolmogorov_smirnov(_array([]), _array([1.0])), chi_square(np.zeros(2), np.ones(2))):
        assert math.isnan(found.statistic)
        assert math.isnan(found.p_value)


def test_what_is_the_same_is_never_found_to_differ() -> None:
    values = _array([float(number % 7) for number in range(200)])
    assert kolmogorov_smirnov(values, values).p_value == pytest.approx(1)
    assert chi_square(np.array([5.0, 6]), np.array([5.0, 6])).p_value == pytest.approx(1)


def test_benjamini_hochberg_finds_four_of_fifteen_and_bonferroni_three() -> None:
    p_values = np.array(FIFTEEN)
    assert (benjamini_hochberg(p_values) <= 0.05).sum() == 4
    assert (bonferroni(p_values) <= 0.05).sum() == 3


# https://stdlib.io/docs/api/latest/@stdlib/stats/padjust, which follows R's p.adjust.
def test_corrections_of_published_examples() -> None:
    five = np.array([0.319, 0.201, 0.4, 0.374, 0.113])
    assert holm(five) == pytest.approx([0.957, 0.804, 0.957, 0.957, 0.565])
    assert benjamini_hochberg(five) == pytest.approx([0.4] * 5)
    others = np.array([0.1496, 0.0275, 0.3053, 0.1599, 0.2061])
    assert bonferroni(others) == pytest.approx([0.748, 0.1375, 1, 0.7995, 1])
    assert benjamini_hochberg(np.array([0.008, 0.03, 0.123, 0.6, 0.2])) == pytest.approx(
        [0.04, 0.075, 0.205, 0.6, 0.25]
    )


@given(P_VALUES)
def test_corrections_are_as_they_are_defined(values: list[float]) -> None:
    p_values, count = np.array(values), len(values)
    order = sorted(range(count), key=lambda place: values[place])
    down, up = [0.0] * count, [0.0] * count
    for rank, place in enumerate(order):
        down[place] = min(1, max(values[order[i]] * (count - i) for i in range(rank + 1)))
        up[place] = min(1, *(values[order[i]] * count / (i + 1) for i in range(rank, count)))
    assert holm(p_values) == pytest.approx(down)
    assert benjamini_hochberg(p_values) == pytest.approx(up)


@given(P_VALUES, st.randoms())
def test_no_correction_asks_for_the_order_or_makes_a_p_value_less(
    values: list[float], chance: object
) -> None:
    order = np.random.default_rng(len(values)).permutation(len(values))
    for correct in CORRECTIONS.values():
        found = correct(np.array(values))
        assert (found >= np.array(values) - 1e-12).all()
        assert correct(np.array(values)[order]) == pytest.approx(found[order])
        assert len(correct(np.array([]))) == 0
