"""The sequential test: its error rates hold however often one looks, and it comes to a verdict."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from rollbook.integrations.monitor.canary.means import (
    MeanPair,
    log_normal_mixture,
    normal_mixture_bound,
)
from rollbook.integrations.monitor.canary.pair import Mean, Proportion
from rollbook.integrations.monitor.canary.proportions import ProportionPair, log_jeffreys
from rollbook.integrations.monitor.canary.sequential_test import Design, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

PATHS, LOOKS = 200, 30


def test_the_normal_mixture_has_the_values_of_a_published_implementation() -> None:
    # https://github.com/gostevehoward/confseq tests these, made by another implementation in R: a one-sided
    # normal mixture that is best at the time 100 for an error of 0.05.
    rho = 100 / (2 * math.log(1 / 0.1) + math.log(1 + 2 * math.log(1 / 0.1)))
    assert log_normal_mixture(10, 100, rho) == pytest.approx(-0.06502391, abs=1e-7)
    assert normal_mixture_bound(100, rho, 0.05) == pytest.approx(27.66071, abs=1e-5)


@pytest.mark.parametrize(("moved", "time", "rho"), [(0.0, 5.0, 1.0), (12.0, 40.0, 3.0), (30.0, 90.0, 20.0)])
def test_the_normal_mixture_is_the_integral_that_it_stands_for(moved: float, time: float, rho: float) -> None:
    def mixed(drift: float) -> float:
        weight = 2 * stats.norm.pdf(drift, scale=1 / math.sqrt(rho))
        return float(weight * math.exp(drift * moved - drift**2 * time / 2))

    whole, _ = integrate.quad(mixed, 0, 20 / math.sqrt(rho), epsabs=0, epsrel=1e-10, limit=500)
    assert log_normal_mixture(moved, time, rho) == pytest.approx(math.log(whole), abs=1e-7)


@pytest.mark.parametrize(("hits", "samples", "chance"), [(0, 10, 0.1), (7, 20, 0.4), (90, 100, 0.8)])
def test_jeffreys_mixture_is_the_integral_that_it_stands_for(hits: int, samples: int, chance: float) -> None:
    def mixed(other: float) -> float:
        return float(stats.beta.pdf(other, 0.5, 0.5) * stats.binom.pmf(hits, samples, other))

    whole = sum(
        integrate.quad(mixed, start, end, limit=200)[0] for start, end in ((0, 0.01), (0.01, 0.99), (0.99, 1))
    )
    ratio = math.log(whole / stats.binom.pmf(hits, samples, chance))
    assert log_jeffreys(Proportion(samples, hits), chance) == pytest.approx(ratio, abs=1e-5)


@pytest.mark.parametrize(("production", "ratio"), [(0.2, 1.0), (0.5, 0.25)])
def test_the_ratio_of_likelihoods_is_1_on_average_under_the_chances_that_it_is_about(
    production: float, ratio: float
) -> None:
    difference, first, second = 0.1, 12, 15
    outcomes = (
        (hits, others, stats.binom.pmf(hits, first, production + difference)
         * stats.binom.pmf(others, second, production))
        for hits in range(first + 1)
        for others in range(second + 1)
    )  # fmt: skip
    average = sum(
        chance * math.exp(_pair(hits, first, others, second, ratio).log_martingale(production, difference))
        for hits, others, chance in outcomes
    )
    assert average == pytest.approx(1, abs=1e-9)


def _pair(hits: int, first: int, others: int, second: int, ratio: float = 1.0) -> ProportionPair:
    return ProportionPair(Proportion(first, hits), Proportion(second, others), 0.1, ratio)


def _ever(canary: float, production: float, samples: int, says: Callable[[ProportionPair], bool]) -> float:
    """The probability that `says` is ever true while both sides grow to that many samples, looking at each:
    summed over all that can be counted, not simulated."""
    alive, stopped = {(0, 0): 1.0}, 0.0
    for size in range(1, samples + 1):
        grown: dict[tuple[int, int], float] = {}
        for (hits, others), chance in alive.items():
            for hit, at in ((1, canary), (0, 1 - canary)):
                for other, of in ((1, production), (0, 1 - production)):
                    key = hits + hit, others + other
                    grown[key] = grown.get(key, 0.0) + chance * at * of
        alive = {}
        for (hits, others), chance in grown.items():
            pair = ProportionPair(Proportion(size, hits), Proportion(size, others), 0.3, 1.0)
            if says(pair):
                stopped += chance
            else:
                alive[hits, others] = chance
    return stopped


@pytest.mark.parametrize("production", [0.02, 0.3, 0.6])
def test_a_canary_that_is_as_much_worse_is_ever_promoted_with_at_most_the_stated_probability(
    production: float,
) -> None:
    assert 0 < _ever(production + 0.3, production, 30, lambda pair: pair.is_below(0.3, 0.1)) <= 0.1


@pytest.mark.parametrize("chance", [0.02, 0.3, 0.9])
def test_a_canary_that_is_no_worse_is_ever_stopped_with_at_most_the_stated_probability(chance: float) -> None:
    assert _ever(chance, chance, 30, lambda pair: pair.is_above(0.0, 0.05)) <= 0.05


def _looks(most: int) -> np.ndarray:
    """Sample sizes of the canary at which one looks: ever further apart."""
    return np.unique(np.geomspace(100, most, LOOKS).astype(int))


def _verdicts(design: Design, canary: float, production: float, share: float, seed: int) -> list[Verdict]:
    """The first verdict that each of many paths comes to, looked at many times."""
    random = np.random.default_rng(seed)
    sizes = _looks(6_000)
    others = (sizes * (1 - share) / share).astype(int)
    found = []
    for _ in range(PATHS):
        hits = np.cumsum(random.binomial(np.diff(sizes, prepend=0), canary))
        other_hits = np.cumsum(random.binomial(np.diff(others, prepend=0), production))
        pairs = (
            design.pair(Proportion(int(n), int(x)), Proportion(int(m), int(y)))
            for n, x, m, y in zip(sizes, hits, others, other_hits, strict=True)
        )
        verdicts = (design.verdict(pair) for pair in pairs)
        found.append(next((one for one in verdicts if one is not Verdict.WAIT), Verdict.WAIT))
    return found


def test_of_proportions_the_error_rates_hold_and_most_paths_come_to_the_right_verdict() -> None:
    design = Design(0.01, ratio=1 / 9)
    same = _verdicts(design, 0.02, 0.02, 0.1, seed=1)
    worse = _verdicts(design, 0.03, 0.02, 0.1, seed=2)
    assert same.count(Verdict.STOP) <= 0.05 * PATHS
    assert worse.count(Verdict.PROMOTE) <= 0.1 * PATHS
    assert same.count(Verdict.PROMOTE) >= 0.9 * PATHS
    assert worse.count(Verdict.STOP) >= 0.8 * PATHS


@pytest.mark.parametrize("draws", ["normal", "exponential"])
def test_of_means_the_error_rates_hold_and_most_paths_come_to_the_right_verdict(draws: str) -> None:
    random = np.random.default_rng(3)
    design, sizes = Design(0.2), _looks(4_000)

    def draw(size: int, mean: float) -> np.ndarray:
        return random.normal(mean, 1, size) if draws == "normal" else random.exponential(1, size) + mean - 1

    def first(worse_by: float) -> Verdict:
        canary, production = draw(4_000, 1 + worse_by), draw(12_000, 1)
        for size in sizes:
            pair = design.pair(_mean(canary[:size]), _mean(production[: 3 * size]))
            if (verdict := design.verdict(pair)) is not Verdict.WAIT:
                return verdict
        return Verdict.WAIT

    same, worse = [first(0.0) for _ in range(PATHS)], [first(0.2) for _ in range(PATHS)]
    assert same.count(Verdict.STOP) <= 0.05 * PATHS
    assert worse.count(Verdict.PROMOTE) <= 0.1 * PATHS
    assert same.count(Verdict.PROMOTE) >= 0.9 * PATHS
    assert worse.count(Verdict.STOP) >= 0.9 * PATHS


def _mean(drawn: np.ndarray) -> Mean:
    return Mean(len(drawn), float(drawn.mean()), float(drawn.var(ddof=1)))


def test_a_figure_that_is_better_when_higher_is_worse_when_lower() -> None:
    design = Design(0.02, is_better_lower=False)
    canary, production = Proportion(20_000, 16_000), Proportion(20_000, 18_000)
    assert design.verdict(design.pair(canary, production)) is Verdict.STOP
    assert design.verdict(design.pair(production, canary)) is Verdict.PROMOTE
    means = design.pair(Mean(20_000, 0.8, 0.16), Mean(20_000, 0.9, 0.09))
    assert design.verdict(means) is Verdict.STOP


@settings(max_examples=25)
@given(
    st.integers(1, 400).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size))),
    st.integers(1, 4000).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size))),
    st.sampled_from([1 / 19, 1.0]),
)
def test_the_bounds_lie_on_both_sides_of_the_estimate_and_agree_with_the_verdict(
    canary: tuple[int, int], production: tuple[int, int], ratio: float
) -> None:
    design = Design(0.05, ratio=ratio)
    pair = design.pair(Proportion(*canary), Proportion(*production))
    assert -1 <= pair.least(0.05) <= pair.worse_by <= pair.most(0.1) <= 1
    if pair.most(0.1) < 0.05:
        assert design.verdict(pair) is Verdict.PROMOTE


@settings(max_examples=25)
@given(st.floats(-0.04, 0.04), st.integers(100, 3_000))
def test_with_the_samples_that_are_missing_there_is_a_verdict(worse_by: float, size: int) -> None:
    design = Design(0.02, ratio=1.0)
    pair = design.pair(Proportion(size, size * (0.1 + worse_by)), Proportion(size, size * 0.1))
    missing = design.missing(pair, size)
    assert missing is not None
    if missing > 0:
        assert design.verdict(pair) is Verdict.WAIT
        assert design.verdict(pair.scaled((size + missing) / size)) is not Verdict.WAIT


def test_the_sequential_test_needs_few_more_samples_than_one_of_a_fixed_size() -> None:
    # A test of a fixed size with the error rates 0.05 and 0.1 needs (1.645 + 1.282)^2 p (1 - p) / m^2 samples
    # of the canary beside a production that is known.
    fixed = (1.645 + 1.282) ** 2 * 0.02 * 0.98 / 0.01**2
    design = Design(0.01, ratio=1 / 19)
    pair = design.pair(Proportion(500, 10), Proportion(9_500, 190))
    missing = design.missing(pair, 500)
    assert missing is not None
    assert 500 + missing < 1.2 * fixed


def test_two_kinds_of_figures_are_not_compared() -> None:
    with pytest.raises(TypeError):
        Design(0.1).pair(Proportion(10, 1), Mean(10, 0.1, 0.1))


def test_a_pair_of_means_is_scaled_by_its_samples_alone() -> None:
    pair = MeanPair(Mean(10, 1.0, 2.0), Mean(20, 0.5, 1.0), 0.1)
    assert pair.scaled(4).worse_by == pair.worse_by
    assert pair.scaled(4).most(0.1) < pair.most(0.1)
