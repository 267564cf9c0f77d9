"""What was counted of a canary and of production, as a sequential test sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from typing import Self


@dataclass(frozen=True, slots=True)
class Proportion:
    """How many of a version's observations were hits, such as errors."""

    samples: float
    hits: float

    @property
    def value(self) -> float:
        """The part of them that were."""
        return self.hits / self.samples


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of a version's observations and their variance (of a sample: divided by `samples` - 1)."""

    samples: float
    value: float
    variance: float


Arm = Proportion | Mean


class Pair(Protocol):
    """A canary and production. How much worse the canary does is `worse_by`, in the figure's own unit;
    below 0 it does better. What the other methods say is wrong with at most the probability `error`, over all
    the times that it is ever asked while samples come in."""

    @property
    def worse_by(self) -> float:
        """The estimate."""

    def is_below(self, limit: float, error: float) -> bool:
        """Whether the canary is worse by less than `limit`."""

    def is_above(self, limit: float, error: float) -> bool:
        """Whether the canary is worse by more than `limit`."""

    def most(self, error: float) -> float:
        """Return a bound above how much worse the canary is."""

    def least(self, error: float) -> float:
        """Return a bound below how much worse the canary is."""

    def scaled(self, factor: float) -> Self:
        """Return the pair as it would be with so many times the samples, all else alike."""
