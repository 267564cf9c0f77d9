"""Tests of whether two samples are of one distribution: each gives a statistic and a p-value."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_EXACT = 10_000  # of the product of both samples' sizes, as in R's ks.test


@dataclass(frozen=True, slots=True)
class Tested:
    """What a test found; both NaN where it can't be made."""

    statistic: float
    p_value: float


_NOTHING = Tested(np.nan, np.nan)


def kolmogorov_smirnov(reference: NDArray[np.float64], live: NDArray[np.float64]) -> Tested:
    """Test by the two-sample Kolmogorov-Smirnov statistic, the greatest difference between both distribution
    functions, as SciPy computes it (`scipy.stats.ks_2samp`).

    The p-value is exact (J. L. Hodges, "The Significance Probability of the Smirnov Two-Sample Test", 1958)
    for small samples, and else by the limit distribution (N. Smirnov, 1939). With ties it is on the safe
    side: too large.
    """
    from scipy.stats import ks_2samp

    if not (len(reference) and len(live)):
        return _NOTHING
    method = "exact" if len(reference) * len(live) < _MOST_EXACT else "asymp"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # that it fell back on the limit distribution
        found = ks_2samp(reference, live, method=method)
    return Tested(float(found.statistic), float(found.pvalue))


def chi_square(reference: NDArray[np.float64], live: NDArray[np.float64]) -> Tested:
    """Test by Pearson's chi-square of homogeneity of two rows of counts, without a correction for continuity,
    as SciPy computes it (`scipy.stats.chi2_contingency`; K. Pearson, 1900).

    What is in neither sample is left out; of one category alone the statistic is 0 and the p-value 1.
    """
    from scipy.stats import chi2_contingency

    if not (reference.sum() and live.sum()):
        return _NOTHING
    there = (reference > 0) | (live > 0)
    if there.sum() == 1:
        return Tested(0.0, 1.0)
    found = chi2_contingency(np.stack([reference[there], live[there]]), correction=False)
    return Tested(float(found.statistic), float(found.pvalue))
