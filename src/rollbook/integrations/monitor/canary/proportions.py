"""The sequential test of two proportions, exact at every sample size.

Of n observations with a constant chance p, x of them hits, the mixture of likelihood ratios under Jeffreys'
prior Beta(1/2, 1/2),

    M(p) = B(x + 1/2, n - x + 1/2) / (B(1/2, 1/2) p^x (1 - p)^(n - x)),

is a nonnegative martingale that begins at 1 (Robbins, Annals of Mathematical Statistics 41, 1970; the mixture
is that of Krichevsky and Trofimov, 1981), whenever one looks. So is the product over two independent streams,
in whatever order their observations come. By Ville's inequality it ever reaches 1/error with at most the
probability `error`; a pair of chances is excluded where it has, and a difference of chances where every pair
with it, or with one further from the estimate, is (as in Howard, Ramdas, McAuliffe and Sekhon, Annals of
Statistics 49, 2021, and for two streams Turner and Gruenwald, Statistics & Probability Letters 198, 2023).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rollbook.integrations.monitor.canary.pair import Proportion

_STEPS = 60  # halvings: as many as a float has digits, and some


@dataclass(frozen=True, slots=True)
class ProportionPair:
    """A canary and production, by what is bad of each."""

    canary: Proportion
    production: Proportion

    @property
    def worse_by(self) -> float:
        """The estimate: the difference of the two parts."""
        return self.canary.value - self.production.value

    def is_below(self, limit: float, error: float) -> bool:
        """Whether the canary is worse by less than `limit`."""
        return self.worse_by < limit and self._evidence_against(limit) >= -math.log(error)

    def is_above(self, limit: float, error: float) -> bool:
        """Whether the canary is worse by more than `limit`."""
        return self.worse_by > limit and self._evidence_against(limit) >= -math.log(error)

    def most(self, error: float) -> float:
        """Return a bound above how much worse the canary is."""
        return _first(lambda limit: self.is_below(limit, error), self.worse_by, 1.0)

    def least(self, error: float) -> float:
        """Return a bound below how much worse the canary is."""
        return _first(lambda limit: self.is_above(limit, error), self.worse_by, -1.0)

    def scaled(self, factor: float) -> ProportionPair:
        """Return the pair as it would be with so many times the samples, all else alike."""
        return ProportionPair(_scaled(self.canary, factor), _scaled(self.production, factor))

    def _evidence_against(self, difference: float) -> float:
        """Return the least log of the martingale over all chances with that difference: it is convex, so that
        its slope tells on which side of a point the least is."""
        low, high = max(0.0, -difference), min(1.0, 1.0 - difference)
        if low >= high:
            return self._log_martingale(low, difference)
        for _ in range(_STEPS):
            middle = (low + high) / 2
            slope = _slope(self.canary, middle + difference) + _slope(self.production, middle)
            low, high = (low, middle) if slope > 0 else (middle, high)
        return self._log_martingale((low + high) / 2, difference)

    def _log_martingale(self, chance: float, difference: float) -> float:
        return log_mixture(self.canary, chance + difference) + log_mixture(self.production, chance)


def log_mixture(counted: Proportion, chance: float) -> float:
    """Return the log of the martingale M of one stream for a chance."""
    hits, misses = counted.hits, counted.samples - counted.hits
    mixed = math.lgamma(hits + 0.5) + math.lgamma(misses + 0.5) - math.lgamma(counted.samples + 1)
    return mixed - math.log(math.pi) - _times_log(hits, chance) - _times_log(misses, 1 - chance)


def _times_log(count: float, chance: float) -> float:
    if count <= 0:
        return 0.0
    return count * math.log(chance) if chance > 0 else -math.inf


def _slope(counted: Proportion, chance: float) -> float:
    hits, misses = counted.hits, counted.samples - counted.hits
    falls = (math.inf if chance <= 0 else hits / chance) if hits > 0 else 0.0
    rises = (math.inf if chance >= 1 else misses / (1 - chance)) if misses > 0 else 0.0
    return rises - falls


def _scaled(counted: Proportion, factor: float) -> Proportion:
    return type(counted)(counted.samples * factor, counted.hits * factor)


def _first(is_excluded: Callable[[float], bool], inside: float, outside: float) -> float:
    """Return where, between a point that is not excluded and one further out, exclusion begins."""
    if not is_excluded(outside):
        return outside
    for _ in range(_STEPS):
        middle = (inside + outside) / 2
        inside, outside = (inside, middle) if is_excluded(middle) else (middle, outside)
    return outside
