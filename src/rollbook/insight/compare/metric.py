"""Metrics of a version: what was measured at registration or told by evidence, and which way is better."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.errors import BadCall

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from rollbook.records.evidence import Evidence
    from rollbook.registry.model_version import ModelVersion


MANIFEST = "manifest"
# What makes a metric one that is better when lower, as a word of its name: `val.log_loss`, `p95-latency`.
LOWER_IS_BETTER = frozenset(
    [
        *("error", "err", "loss", "logloss", "mae", "mape", "mse", "rmse", "rmsle", "smape"),
        *("brier", "crps", "ece", "perplexity", "ppl", "cer", "wer", "fnr", "fpr"),
        *("latency", "seconds", "duration"),
    ]
)


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of a version, and what says so: `manifest`, the name of the evidence (such as
    `evaluation-2`), or nothing where there is none."""

    metrics: Mapping[str, float]
    source: str


def measured(version: ModelVersion, evidence: str = "") -> Measured:
    """Return the metrics of a version's manifest; with a kind of evidence those of the newest such evidence
    about its very artifact, none where there is none. Raises InvalidFile for a file that can't be read."""
    if not evidence:
        return Measured(version.manifest.metrics, MANIFEST)
    newest = newest_evidence(version).get(evidence)
    return Measured(newest.metrics, newest.name) if newest else Measured({}, "")


def newest_evidence(version: ModelVersion) -> Mapping[str, Evidence]:
    """Return the newest evidence of each kind about a version's very artifact. Raises InvalidFile for a file
    that can't be read."""
    sha256 = version.manifest.artifact.sha256
    about = [
        evidence
        for evidence in version.evidence()
        if evidence.is_about(version.model.name, version.version, sha256)
    ]
    return {
        evidence.kind: evidence
        for evidence in sorted(about, key=lambda evidence: (evidence.moment, evidence.number))
    }


def finite(value: object) -> float | None:
    """Return a measured value; None for one that is missing or no finite number."""
    try:
        usable = isinstance(value, int | float) and math.isfinite(value)
    except OverflowError:  # a whole number that no float can hold
        return None
    return value if usable and isinstance(value, int | float) else None


def is_lower_better(metric: str, *, lower: Collection[str] = (), higher: Collection[str] = ()) -> bool:
    """Return whether a metric is better when it is lower: as `lower` or `higher` says, else as its name
    tells."""
    if metric in lower or metric in higher:
        return metric in lower
    return not LOWER_IS_BETTER.isdisjoint(re.split(r"[^a-z]+", metric.lower()))


def require_one_direction(lower: Iterable[str], higher: Iterable[str]) -> None:
    """Raise BadCall when a metric is said to be better both when lower and when higher."""
    both = sorted(set(lower) & set(higher))
    if both:
        raise BadCall(f"{both[0][:100]!r} can't be better both when lower and when higher")
