"""Judging a promotion by all gates that guard its stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.check.gates.gate import Verdict
from rollbook.check.gates.metric_threshold import MetricThreshold
from rollbook.errors import InvalidFile
from rollbook.layout import POLICY
from rollbook.records.fields import Fields

if TYPE_CHECKING:
    from rollbook.check.gates.gate import Gate, Promotion
    from rollbook.records.policy import Policy

# Every gate there is, by the name that a policy calls it.
GATES: dict[str, Gate] = {gate.name: gate for gate in (MetricThreshold(),)}


@dataclass(frozen=True, slots=True)
class Judged:
    """A gate of the policy, and what it said. `code` is that of the finding when it failed."""

    gate: str
    code: str
    verdict: Verdict


def judge(policy: Policy, promotion: Promotion) -> list[Judged]:
    """The verdict of every gate of the policy that guards the stage, in the policy's order.

    A gate that is unknown or can't use its settings fails: nothing passes because it was misspelt.
    """
    return [
        _judged(Fields(settings, POLICY, f"gates.{index}"), promotion)
        for index, settings in enumerate(policy.gates)
        if _guards(settings.get("to"), promotion.target)
    ]


def _guards(targets: object, stage: str) -> bool:
    return not isinstance(targets, list) or stage in targets


def _judged(settings: Fields, promotion: Promotion) -> Judged:
    name = "?"
    try:
        name = settings.text("gate")[:100]
        gate = GATES.get(name)
        if gate is None:
            hint = f"This tool knows: {', '.join(GATES)}. Upgrade it, or correct the policy."
            return Judged(
                name, "RB400", Verdict(False, "unknown to this tool", "a gate that can be judged", hint)
            )
        return Judged(name, gate.code, gate.verdict(settings, promotion))
    except InvalidFile as error:
        return Judged(name, "RB400", Verdict(False, str(error), "settings that can be read", error.hint))
