"""Evidence and the way back: made once, whatever cuts the monitor off, and only where it may."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .breached import acted, branches, evidence, holder

if TYPE_CHECKING:
    from building.world import World


def test_a_breach_lands_evidence_and_the_way_back(autonomous: World) -> None:
    done = acted(autonomous)
    assert holder(autonomous) == "1.1.0"
    (found,) = evidence(autonomous)
    assert (found.kind, found.passed, found.metrics) == (
        "monitoring",
        False,
        {"errors": 0.05, "errors.p99": 0.07},
    )
    assert done.deeds["evidence"] == "landed: monitoring-1"
    assert done.deeds["rollback"] == "landed: back to 1.1.0 (monitoring-1)"
    assert branches(autonomous) == []
