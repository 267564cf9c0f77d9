"""What was measured of a version: at its registration, or later and told by evidence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.registry import ModelVersion


def metrics_of(version: ModelVersion, evidence: str = "") -> Mapping[str, float]:
    """The metrics of a version's manifest; with a kind of evidence those of the newest such evidence about
    its very artifact, none where there is none. Raises InvalidFile for a file that can't be read."""
    if not evidence:
        return version.manifest.metrics
    subject = (evidence, version.model.name, version.version, version.manifest.artifact.sha256)
    about = [
        item
        for item in version.evidence()
        if (item.kind, item.model, item.version, item.artifact_sha256) == subject
    ]
    return max(about, key=lambda item: (item.moment, item.number)).metrics if about else {}


def finite(value: object) -> float | None:
    """A measured value; None for one that is missing or no finite number."""
    try:
        usable = isinstance(value, int | float) and math.isfinite(value)
    except OverflowError:  # a whole number that no float can hold
        return None
    return value if usable and isinstance(value, int | float) else None
