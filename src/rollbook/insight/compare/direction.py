"""Which way a metric gets better."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rollbook.errors import BadCall

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

# What makes a metric one that is better when lower, as a word of its name: `val.log_loss`, `p95-latency`.
LOWER_IS_BETTER = frozenset(
    [
        *("error", "err", "loss", "logloss", "mae", "mape", "mse", "rmse", "rmsle", "smape"),
        *("brier", "crps", "ece", "perplexity", "ppl", "cer", "wer", "fnr", "fpr"),
        *("latency", "seconds", "duration"),
    ]
)


def is_lower_better(metric: str, *, lower: Collection[str] = (), higher: Collection[str] = ()) -> bool:
    """Whether a metric is better when it is lower: as `lower` or `higher` says, else as its name tells."""
    if metric in lower or metric in higher:
        return metric in lower
    return not LOWER_IS_BETTER.isdisjoint(re.split(r"[^a-z]+", metric.lower()))


def require_one_direction(lower: Iterable[str], higher: Iterable[str]) -> None:
    """Raise BadCall when a metric is said to be better both when lower and when higher."""
    both = sorted(set(lower) & set(higher))
    if both:
        raise BadCall(f"{both[0][:100]!r} can't be better both when lower and when higher")
