"""The sequential test of two means, valid as samples grow.

The difference d of two means has the variance V = s1^2/n1 + s2^2/n2. Over time, S = d/V moves as a Brownian
motion with drift in the time T = 1/V, however the samples are shared out (the canonical joint distribution:
Jennison and Turnbull, Group Sequential Methods, 2000, chapter 3). Of such a process the mixture over positive
drifts

    m(S, T) = 2 sqrt(rho / (T + rho)) exp(S^2 / (2 (T + rho))) Phi(S / sqrt(T + rho))

is a nonnegative martingale that begins at 1; it ever reaches 1/error with at most the probability `error`
(Howard, Ramdas, McAuliffe and Sekhon, Annals of Statistics 49, 2021, proposition 6: the one-sided normal
mixture). With variances that are estimated this holds in the limit of many samples: an asymptotic confidence
sequence (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, Annals of Statistics 52, 2024). The drifts that are
mixed have the size of the difference that matters, rho = 1/difference^2, which no data may change (as the
mixture SPRT of Johari, Koomen, Pekelis and Walsh, Operations Research 70, 2022, is tuned).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollbook.integrations.monitor.canary.pair import Mean

_STEPS = 60


@dataclass(frozen=True, slots=True)
class MeanPair:
    """A canary and production, by means that are worse the greater they are; `matters` is the difference that
    the test is tuned to."""

    canary: Mean
    production: Mean
    matters: float

    @property
    def worse_by(self) -> float:
        """The estimate: the difference of the two means."""
        return self.canary.value - self.production.value

    def is_below(self, limit: float, error: float) -> bool:
        """Whether the canary is worse by less than `limit`."""
        return self.most(error) < limit

    def is_above(self, limit: float, error: float) -> bool:
        """Whether the canary is worse by more than `limit`."""
        return self.least(error) > limit

    def most(self, error: float) -> float:
        """Return a bound above how much worse the canary is."""
        return self.worse_by + self._radius(error)

    def least(self, error: float) -> float:
        """Return a bound below how much worse the canary is."""
        return self.worse_by - self._radius(error)

    def scaled(self, factor: float) -> MeanPair:
        """Return the pair as it would be with so many times the samples, all else alike."""
        return MeanPair(_scaled(self.canary, factor), _scaled(self.production, factor), self.matters)

    def _radius(self, error: float) -> float:
        arms = (self.canary, self.production)
        time = 1 / sum(arm.variance / arm.samples for arm in arms)
        return normal_mixture_bound(time, 1 / self.matters**2, error) / time


def log_normal_mixture(moved: float, time: float, rho: float) -> float:
    """Return the log of the martingale m for a process that moved so far, up, in a time."""
    total = time + rho
    # Phi(z) is at least 1/2 here, as what moved down is asked nothing.
    phi = 0.5 * math.erfc(-moved / math.sqrt(2 * total))
    return math.log(2 * phi) + 0.5 * math.log(rho / total) + moved**2 / (2 * total)


def normal_mixture_bound(time: float, rho: float, error: float) -> float:
    """Return how far the process moves up by a time at which m reaches 1/error."""
    low, high = 0.0, math.sqrt(2 * (time + rho) * (0.5 * math.log((time + rho) / rho) - math.log(error)))
    for _ in range(_STEPS):
        middle = (low + high) / 2
        is_short = log_normal_mixture(middle, time, rho) < -math.log(error)
        low, high = (middle, high) if is_short else (low, middle)
    return high


def _scaled(arm: Mean, factor: float) -> Mean:
    return type(arm)(arm.samples * factor, arm.value, arm.variance)
