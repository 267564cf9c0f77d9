"""What was measured of a version: at its registration, or later and told by evidence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.records.evidence import Evidence
    from rollbook.registry.model_version import ModelVersion


MANIFEST = "manifest"


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of a version, and what says so: `manifest`, the name of the evidence (such as
    `evaluation-2`), or nothing where there is none."""

    metrics: Mapping[str, float]
    source: str


def measured(version: ModelVersion, evidence: str = "") -> Measured:
    """The metrics of a version's manifest; with a kind of evidence those of the newest such evidence about
    its very artifact, none where there is none. Raises InvalidFile for a file that can't be read."""
    if not evidence:
        return Measured(version.manifest.metrics, MANIFEST)
    found = newest_evidence(version).get(evidence)
    return Measured(found.metrics, found.name) if found else Measured({}, "")


def newest_evidence(version: ModelVersion) -> Mapping[str, Evidence]:
    """The newest evidence of each kind about a version's very artifact. Raises InvalidFile for a file that
    can't be read."""
    sha256 = version.manifest.artifact.sha256
    about = [
        each for each in version.evidence() if each.is_about(version.model.name, version.version, sha256)
    ]
    return {each.kind: each for each in sorted(about, key=lambda each: (each.moment, each.number))}


def finite(value: object) -> float | None:
    """A measured value; None for one that is missing or no finite number."""
    try:
        usable = isinstance(value, int | float) and math.isfinite(value)
    except OverflowError:  # a whole number that no float can hold
        return None
    return value if usable and isinstance(value, int | float) else None
