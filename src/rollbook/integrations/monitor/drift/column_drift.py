"""How far one column of live rows is from the same of the reference, by one of the methods there are."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.integrations.monitor.drift.binning import bin_counts, quantile_edges
from rollbook.integrations.monitor.drift.column_samples import (
    CannotTell,
    Categories,
    Numbers,
    category_counts,
)
from rollbook.integrations.monitor.drift.distances import (
    jensen_shannon,
    population_stability_index,
    wasserstein,
)
from rollbook.integrations.monitor.drift.distribution_tests import chi_square, kolmogorov_smirnov

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# The methods of `auto`: for numbers and for categories, where distances are asked and where tests are.
DISTANCES = ("psi", "jensen-shannon")
TESTS = ("ks", "chi-square")
_NEED_NUMBERS = ("ks", "wasserstein")


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """What a method found: its statistic, and the p-value of one that tests; None where it doesn't."""

    method: str
    statistic: float
    p_value: float | None = None


def column_drift(
    reference: Numbers | Categories, live: Numbers | Categories, method: str, *, tests: bool = False
) -> ColumnDrift:
    """Return how far live values are from the reference. `auto` takes the method by the kind of the column,
    of TESTS where `tests` are asked, else of DISTANCES.

    Raises CannotTell where the one holds numbers and the other texts, and for a method that needs numbers
    where there are none.
    """
    if isinstance(reference, Numbers) != isinstance(live, Numbers):
        now, then = _called(live), _called(reference)
        raise CannotTell(f"it holds {now}, and {then} in the reference")
    if method == "auto":
        method = (TESTS if tests else DISTANCES)[isinstance(reference, Categories)]
    found = _found(reference, live, method)
    if found.statistic != found.statistic:
        raise CannotTell("its numbers are too large to be compared")
    return found


def _found(reference: Numbers | Categories, live: Numbers | Categories, method: str) -> ColumnDrift:
    if method in _NEED_NUMBERS:
        if isinstance(reference, Categories) or isinstance(live, Categories):
            raise CannotTell(f"{method} needs numbers")
        if method == "wasserstein":
            distance = wasserstein(reference.values, live.values)
            return ColumnDrift(method, min(distance, sys.float_info.max))
        tested = kolmogorov_smirnov(reference.values, live.values)
        return ColumnDrift(method, tested.statistic, tested.p_value)
    then, now = _counts(reference, live)
    if method == "chi-square":
        tested = chi_square(then, now)
        return ColumnDrift(method, tested.statistic, tested.p_value)
    distance_of = population_stability_index if method == "psi" else jensen_shannon
    return ColumnDrift(method, distance_of(then, now))


def _counts(
    reference: Numbers | Categories, live: Numbers | Categories
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the counts of both by the same bins or categories."""
    if isinstance(reference, Categories) and isinstance(live, Categories):
        return category_counts(reference, live)
    assert isinstance(reference, Numbers)
    assert isinstance(live, Numbers)
    edges = quantile_edges(reference.values)
    return bin_counts(reference.values, edges), bin_counts(live.values, edges)


def _called(sample: Numbers | Categories) -> str:
    return "numbers" if isinstance(sample, Numbers) else "texts"
