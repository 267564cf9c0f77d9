"""Bins of numbers by the quantiles of a reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

BINS = 10


def quantile_edges(reference: NDArray[np.float64], bins: int = BINS) -> NDArray[np.float64]:
    """Return the inner edges of bins that hold about as much of a reference each, which is sorted.

    Edges are values of the reference: its k/bins quantiles as inverses of the empirical distribution
    function (R. J. Hyndman and Y. Fan, "Sample Quantiles in Statistical Packages", 1996, definition 1). A
    bin ends with its upper edge, which is in it. A value that is more than one such quantile has a bin of
    its own, so that what is often the same, such as zero, is not mixed with what is below it; so has the
    value of a constant column.
    """
    count = len(reference)
    places = -(-np.arange(1, bins) * count // bins) - 1
    quantiles = reference[np.maximum(places, 0)]
    edges, times = np.unique(quantiles, return_counts=True)
    return np.union1d(edges, np.nextafter(edges[times > 1], -np.inf))


def bin_counts(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how many of some values, which are sorted, are in each of the bins: below the first edge,
    between edges, above the last."""
    ends = np.searchsorted(values, edges, side="right")
    return np.diff(np.concatenate(([0], ends, [len(values)]))).astype(np.float64)
