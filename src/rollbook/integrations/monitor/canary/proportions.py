"""The sequential test of two proportions, valid at every sample size.

Two chances, of the canary and of production, are held against what was counted by a ratio of likelihoods:
over those of other chances, mixed with weights that are fixed beforehand, and under the two themselves.
Whatever the order in which the observations of two independent streams come, that is a nonnegative martingale
which begins at 1, and it ever reaches 1/error with at most the probability `error` (Ville's inequality; the
method of mixtures of Robbins, Annals of Mathematical Statistics 41, 1970; Howard, Ramdas, McAuliffe and
Sekhon, Annals of Statistics 49, 2021). A difference is excluded where every pair of chances with it is (so
Johari, Koomen, Pekelis and Walsh, Operations Research 70, 2022, invert their mixture SPRT).

Mixed are, for a pair (c, p),

- pairs (c - g m / (1 + r), p + g m r / (1 + r)) and (c - g m, p) for a few g, where m is the difference that
  matters and r the canary's share of the traffic over production's: what a canary that is better by g m looks
  like, where both sides give way as far as they can, or the canary alone. As the canary's chance only falls,
  the ratio is a supermartingale also where the canary's chance is greater than c: excluding a difference
  excludes all greater ones;
- with a small weight, all pairs under Jeffreys' prior (the mixture of Krichevsky and Trofimov, 1981), which
  excludes those that fit neither side.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.integrations.monitor.canary.pair import Proportion

if TYPE_CHECKING:
    from collections.abc import Callable

_STEPS = 60  # halvings: as many as a float has digits, and some
_BOUND_STEPS = 30  # halvings where a bound is looked for
_GRID = 24  # chances that are tried within what Jeffreys' mixture leaves
_BETWEEN = 0.05  # by how much the log of the martingale may be less between those than at them
_SHIFTS = (0.5, 1.0, 2.0)
_DIRECTED = 0.9  # the weight of the first kind of pairs


@dataclass(frozen=True, slots=True)
class ProportionPair:
    """A canary and production, by what is bad of each; `matters` is the difference that matters, `ratio` the
    canary's share of the traffic over production's."""

    canary: Proportion
    production: Proportion
    matters: float
    ratio: float

    @property
    def worse_by(self) -> float:
        """The estimate: the difference of the two parts."""
        return self.canary.value - self.production.value

    def is_below(self, limit: float, error: float) -> bool:
        """Whether the canary is worse by less than `limit`."""
        return self.worse_by < limit and self._excludes(limit, -math.log(error))

    def is_above(self, limit: float, error: float) -> bool:
        """Whether the canary is worse by more than `limit`."""
        return self._mirrored.is_below(-limit, error)

    def most(self, error: float) -> float:
        """Return a bound above how much worse the canary is."""
        return _first(lambda limit: self.is_below(limit, error), self.worse_by, 1.0)

    def least(self, error: float) -> float:
        """Return a bound below how much worse the canary is."""
        return -self._mirrored.most(error)

    def scaled(self, factor: float) -> ProportionPair:
        """Return the pair as it would be with so many times the samples, all else alike."""
        return self._with(_scaled(self.canary, factor), _scaled(self.production, factor))

    @property
    def _mirrored(self) -> ProportionPair:
        """The pair by what is good of each: what was worse by d is worse by -d."""
        return self._with(_misses(self.canary), _misses(self.production))

    def _with(self, canary: Proportion, production: Proportion) -> ProportionPair:
        return ProportionPair(canary, production, self.matters, self.ratio)

    def _excludes(self, difference: float, threshold: float) -> bool:
        """Whether the martingale reached the threshold (as logs) for all pairs with that difference."""
        low, high = max(0.0, -difference), min(1.0, 1.0 - difference)
        best = self._best_fit(difference, low, high)
        if self.log_martingale(best, difference) < threshold:
            return False
        # Further out than this the mixture of all pairs excludes by itself: it is convex.
        alone = threshold - math.log(1 - _DIRECTED)
        low = _first(lambda chance: self._log_all(chance, difference) >= alone, best, low)
        high = _first(lambda chance: self._log_all(chance, difference) >= alone, best, high)
        tried = (low + (high - low) * place / _GRID for place in range(_GRID + 1))
        return all(self.log_martingale(chance, difference) >= threshold + _BETWEEN for chance in tried)

    def log_martingale(self, chance: float, difference: float) -> float:
        """Return the log of the martingale for production's chance and the canary's, which is greater by the
        difference."""
        canary = chance + difference
        below = _log_likelihood(self.canary, canary), _log_likelihood(self.production, chance)
        if -math.inf in below:
            return math.inf
        weight = math.log(_DIRECTED / (2 * len(_SHIFTS))) - below[0] - below[1]
        shifts = [shift * self.matters for shift in _SHIFTS]
        terms = [
            weight + below[1] + _log_likelihood(self.canary, canary - shift)
            for shift in shifts
            if canary >= shift
        ]
        part = 1 / (1 + self.ratio)
        terms += [
            weight
            + _log_likelihood(self.canary, canary - shift * part)
            + _log_likelihood(self.production, chance + shift * (1 - part))
            for shift in shifts
            if canary >= shift * part and chance + shift * (1 - part) <= 1
        ]
        all_pairs = _log_mixed(self.canary) + _log_mixed(self.production) - below[0] - below[1]
        return _log_sum([*terms, math.log(1 - _DIRECTED) + all_pairs])

    def _log_all(self, chance: float, difference: float) -> float:
        return log_jeffreys(self.canary, chance + difference) + log_jeffreys(self.production, chance)

    def _best_fit(self, difference: float, low: float, high: float) -> float:
        """Return production's chance that fits best with that difference: the likelihood is concave."""
        for _ in range(_STEPS):
            middle = (low + high) / 2
            slope = _slope(self.canary, middle + difference) + _slope(self.production, middle)
            low, high = (low, middle) if slope < 0 else (middle, high)
        return (low + high) / 2


def log_jeffreys(counted: Proportion, chance: float) -> float:
    """Return the log of B(x + 1/2, n - x + 1/2) / (B(1/2, 1/2) p^x (1 - p)^(n - x)), for x hits of n and the
    chance p: the ratio of the likelihoods mixed by Jeffreys' prior to that of p."""
    return _log_mixed(counted) - _log_likelihood(counted, chance)


@functools.lru_cache(maxsize=64)
def _log_mixed(counted: Proportion) -> float:
    hits, misses = counted.hits, counted.samples - counted.hits
    mixed = math.lgamma(hits + 0.5) + math.lgamma(misses + 0.5) - math.lgamma(counted.samples + 1)
    return mixed - math.log(math.pi)


def _log_likelihood(counted: Proportion, chance: float) -> float:
    return _times_log(counted.hits, chance) + _times_log(counted.samples - counted.hits, 1 - chance)


def _times_log(count: float, chance: float) -> float:
    if count <= 0:
        return 0.0
    return count * math.log(chance) if chance > 0 else -math.inf


def _slope(counted: Proportion, chance: float) -> float:
    """Return how the log of the likelihood rises with the chance."""
    hits, misses = counted.hits, counted.samples - counted.hits
    rises = (math.inf if chance <= 0 else hits / chance) if hits > 0 else 0.0
    falls = (math.inf if chance >= 1 else misses / (1 - chance)) if misses > 0 else 0.0
    return rises - falls


def _log_sum(logs: list[float]) -> float:
    most = max(logs)
    if math.isinf(most):
        return most
    return most + math.log(math.fsum(math.exp(log - most) for log in logs))


def _scaled(counted: Proportion, factor: float) -> Proportion:
    return Proportion(counted.samples * factor, counted.hits * factor)


def _misses(counted: Proportion) -> Proportion:
    return Proportion(counted.samples, counted.samples - counted.hits)


def _first(is_excluded: Callable[[float], bool], inside: float, outside: float) -> float:
    """Return where, between a point that is not excluded and one further out, exclusion begins; the outer one
    where it is not excluded either."""
    if not is_excluded(outside):
        return outside
    for _ in range(_BOUND_STEPS):
        middle = (inside + outside) / 2
        inside, outside = (inside, middle) if is_excluded(middle) else (middle, outside)
    return outside
