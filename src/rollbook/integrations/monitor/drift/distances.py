"""Distances between two distributions, 0 for equal ones. None has an upper bound but Jensen-Shannon's, 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_EMPTY = 0.5  # what an empty bin counts as, where the other sample has some in it


def population_stability_index(reference: NDArray[np.float64], live: NDArray[np.float64]) -> float:
    """Return the population stability index of counts by bin: the sum of (a - e) ln(a / e), where `e` is a
    bin's share of the reference and `a` that of the live sample.

    The formula is that of N. Siddiqi, "Credit Risk Scorecards" (Wiley 2006), and is Jeffreys' divergence (S.
    Kullback and R. A. Leibler, "On Information and Sufficiency", 1951). A bin that is empty in one sample
    counts as half an observation in it, so that the index is finite; one that is empty in both is left out.
    Of two samples of n and m rows of one distribution it is (1/n + 1/m) times a chi-square variable with one
    degree of freedom less than there are bins, about (B. Yurdakul, "Statistical Properties of Population
    Stability Index", Western Michigan University 2018). NaN where a sample is empty.
    """
    if not (reference.sum() and live.sum()):
        return np.nan
    there = (reference > 0) | (live > 0)
    expected = np.where(reference > 0, reference, _EMPTY)[there] / reference.sum()
    actual = np.where(live > 0, live, _EMPTY)[there] / live.sum()
    return float(np.sum((actual - expected) * np.log(actual / expected)))


def jensen_shannon(reference: NDArray[np.float64], live: NDArray[np.float64]) -> float:
    """Return the Jensen-Shannon distance of counts by bin or category, to base 2: from 0 to 1.

    It is the square root of half of D(p || m) + D(q || m), where `m` is the mean of the shares `p` and `q`
    and D the relative entropy (J. Lin, "Divergence Measures Based on the Shannon Entropy", 1991; that the
    root is a metric: D. M. Endres and J. E. Schindelin, 2003). NaN where a sample is empty.
    """
    if not (reference.sum() and live.sum()):
        return np.nan
    p, q = reference / reference.sum(), live / live.sum()
    mean = (p + q) / 2
    divergence = (_relative_entropy(p, mean) + _relative_entropy(q, mean)) / 2
    return float(np.sqrt(min(max(divergence, 0.0), 1.0)))


def wasserstein(reference: NDArray[np.float64], live: NDArray[np.float64], *, scaled: bool = True) -> float:
    """Return the Wasserstein-1 distance of two samples of numbers, the area between their distribution
    functions, as SciPy computes it (`scipy.stats.wasserstein_distance`; A. Ramdas, N. Garcia and M. Cuturi,
    "On Wasserstein Two Sample Testing", arXiv:1509.02237).

    Where it is `scaled`, it is in standard deviations of the reference (the sample's, with n), so that one
    bound fits all columns; of a constant reference it is 0 or infinite. NaN where a sample is empty.
    """
    from scipy.stats import wasserstein_distance

    if not (len(reference) and len(live)):
        return np.nan
    with np.errstate(all="ignore"):
        distance = float(wasserstein_distance(reference, live))
        if not scaled or distance == 0:
            return distance
        spread = float(np.std(reference))
        return distance / spread if spread else np.inf


def _relative_entropy(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    some = p > 0
    return float(np.sum(p[some] * np.log2(p[some] / q[some])))
