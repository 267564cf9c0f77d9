"""Which step a verdict on a canary calls for: the next share of the traffic, production, or the way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.integrations.monitor.canary.sequential_test import Verdict
from rollbook.names import PRODUCTION

if TYPE_CHECKING:
    from rollbook.integrations.monitor.canary.canary_comparison import Comparison

_LONGEST_MESSAGE = 600  # characters


@dataclass(frozen=True, slots=True)
class Step:
    """A move that a verdict calls for: to which stage, with which share of the traffic (None: nothing is said
    of it), and whether the monitor may land it by itself."""

    stage: str
    traffic: int | None
    may_land: bool
    action: str = "promote"

    def __str__(self) -> str:
        return f"{self.stage} at {self.traffic} %" if self.traffic is not None else self.stage


def next_step(comparison: Comparison) -> Step | None:
    """Return the step that a verdict calls for; None where it calls for none."""
    settings = comparison.settings
    if comparison.verdict is Verdict.STOP:
        return Step(settings.back_to, None, may_land=True, action="rollback")
    if comparison.verdict is not Verdict.PROMOTE:
        return None
    larger = [share for share in settings.shares if share > (comparison.traffic or 0)]
    if larger:
        return Step(settings.stage, min(larger), may_land=True)
    return Step(PRODUCTION, None, may_land=False)


def reason_for(comparison: Comparison, evidence: str) -> str:
    """Return why the step is taken, as the trail records it."""
    judged = "worse than" if comparison.verdict is Verdict.STOP else "no worse than"
    message = comparison.message[:_LONGEST_MESSAGE]
    return f"As a canary {judged} {comparison.production}: {message} {mark_of(evidence)}"


def mark_of(evidence: str) -> str:
    """Return what in a reason names the evidence."""
    return f"({evidence})"
