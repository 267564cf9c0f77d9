"""The verdict on a canary: a sequential test that may be looked at as often as one likes.

The canary is worse than production by d, in the figure's unit. Where d is the least difference that matters
or more, the verdict is ever `promote` with at most the probability `missed`; where d is 0 or less, it is ever
`stop` with at most the probability `false_alarm`. In between either may come, `promote` first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from rollbook.integrations.monitor.canary.means import MeanPair
from rollbook.integrations.monitor.canary.pair import Mean, Proportion
from rollbook.integrations.monitor.canary.proportions import ProportionPair

if TYPE_CHECKING:
    from rollbook.integrations.monitor.canary.pair import Arm, Pair

_MOST_FACTOR = 2.0**20


class Verdict(Enum):
    """What a comparison says. UNKNOWN where there is nothing that may be compared."""

    PROMOTE = "promote"
    STOP = "stop"
    WAIT = "wait"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Design:
    """How the test is made: the least difference that matters, the two error rates, which way the figure gets
    better, and the canary's share of the traffic over production's, by which a proportion's test is tuned: it
    holds whatever that is, and is quickest where it is so."""

    least_difference: float
    false_alarm: float = 0.05
    missed: float = 0.1
    is_better_lower: bool = True
    ratio: float = 1.0

    def pair(self, canary: Arm, production: Arm) -> Pair:
        """Return the two so that more is worse. Raises TypeError for two of different kinds."""
        if isinstance(canary, Proportion) and isinstance(production, Proportion):
            bad = self._bad(canary), self._bad(production)
            return ProportionPair(*bad, self.least_difference, self.ratio)
        if isinstance(canary, Mean) and isinstance(production, Mean):
            return MeanPair(self._rising(canary), self._rising(production), self.least_difference)
        raise TypeError("a proportion and a mean can't be compared")

    def verdict(self, pair: Pair) -> Verdict:
        """Return what the samples so far say."""
        if pair.is_below(self.least_difference, self.missed):
            return Verdict.PROMOTE
        return Verdict.STOP if pair.is_above(0.0, self.false_alarm) else Verdict.WAIT

    def missing(self, pair: Pair, canary_samples: float) -> int | None:
        """Return roughly how many more samples the canary needs for a verdict, if both go on as so far; None
        where that would be more than a million times those that there are."""
        factor = 1.0
        while self.verdict(pair.scaled(factor)) is Verdict.WAIT:
            factor *= 2
            if factor > _MOST_FACTOR:
                return None
        low = factor / 2
        for _ in range(12):
            middle = (low + factor) / 2
            waits = self.verdict(pair.scaled(middle)) is Verdict.WAIT
            low, factor = (middle, factor) if waits else (low, middle)
        return math.ceil((factor - 1) * canary_samples)

    def _bad(self, arm: Proportion) -> Proportion:
        return arm if self.is_better_lower else Proportion(arm.samples, arm.samples - arm.hits)

    def _rising(self, arm: Mean) -> Mean:
        return arm if self.is_better_lower else Mean(arm.samples, -arm.value, arm.variance)
