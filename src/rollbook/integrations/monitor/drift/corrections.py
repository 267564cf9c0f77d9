"""Corrections of p-values for how many tests were made: what is below alpha then counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Correction = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def bonferroni(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p-values times their number, at most 1 (O. J. Dunn, "Multiple Comparisons among Means", 1961):
    the chance of any false alarm stays below alpha."""
    return np.minimum(p_values * len(p_values), 1.0)


def holm(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p-values as S. Holm adjusts them ("A Simple Sequentially Rejective Multiple Test Procedure",
    1979): the least times n, the next times n - 1, ..., none less than one before it, at most 1. The chance
    of any false alarm stays below alpha, and more is found than by Bonferroni."""
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    adjusted = np.empty_like(p_values, dtype=np.float64)
    adjusted[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1.0)
    return adjusted


def benjamini_hochberg(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p-values as Y. Benjamini and Y. Hochberg adjust them ("Controlling the False Discovery Rate",
    1995), by SciPy: of the columns that are said to drift, a part of alpha at most don't, on average."""
    from scipy.stats import false_discovery_control

    if not len(p_values):
        return p_values
    return np.asarray(false_discovery_control(p_values, method="bh"), dtype=np.float64)


def uncorrected(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p-values as they are: of a hundred columns that don't drift, alpha times a hundred seem to."""
    return p_values


CORRECTIONS: Mapping[str, Correction] = {
    "holm": holm,
    "benjamini-hochberg": benjamini_hochberg,
    "bonferroni": bonferroni,
    "none": uncorrected,
}
