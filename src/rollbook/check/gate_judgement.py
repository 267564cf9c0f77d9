"""Judging a promotion by all gates that guard its stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.check.gates.approvals import Approvals
from rollbook.check.gates.artifact_format import ArtifactFormat
from rollbook.check.gates.artifact_present import ArtifactPresent
from rollbook.check.gates.command import Command
from rollbook.check.gates.deprecation import Deprecation
from rollbook.check.gates.evidence import Evidence
from rollbook.check.gates.freeze import Freeze
from rollbook.check.gates.gate import failed
from rollbook.check.gates.metric_comparison import MetricComparison
from rollbook.check.gates.metric_threshold import MetricThreshold
from rollbook.check.gates.model_card import ModelCard
from rollbook.check.gates.plug_in import PlugIn
from rollbook.check.gates.required_fields import RequiredFields
from rollbook.check.gates.required_tags import RequiredTags
from rollbook.check.gates.soak import Soak
from rollbook.errors import InvalidFile
from rollbook.layout import POLICY, model_path
from rollbook.records.fields import Fields

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from rollbook.check.gates.gate import Gate, Promotion, Verdict
    from rollbook.records.policy import Policy

_FREEZE = Freeze()
# Every gate that a policy's `gates:` may name, by that name.
GATES: dict[str, Gate] = {
    gate.name: gate
    for gate in (
        MetricThreshold(),
        MetricComparison(),
        RequiredFields(),
        ModelCard(),
        Evidence(),
        Soak(),
        RequiredTags(),
        ArtifactPresent(),
        ArtifactFormat(),
        Approvals(),
        Deprecation(),
        Command(),
        PlugIn(),
    )
}
# Those, and what guards every transition by a list of its own in the policy.
ALL_GATES: dict[str, Gate] = {**GATES, _FREEZE.name: _FREEZE}


@dataclass(frozen=True, slots=True)
class Judged:
    """A gate, and what it said. `code` is that of the finding when it does not pass, `key` where it stands in
    the file at `path`."""

    gate: str
    code: str
    verdict: Verdict
    path: str = POLICY
    key: str = ""


def judge(policy: Policy, promotion: Promotion, own: Sequence[Mapping[str, Any]] = ()) -> list[Judged]:
    """The verdict of every gate of the policy that guards the stage, in the policy's order, then of the
    model's `own` gates, then of the policy's freezes.

    A gate that is unknown or can't use its settings fails: nothing passes because it was misspelt.
    """
    return [
        *_by_name(policy.gates, POLICY, promotion),
        *_by_name(own, model_path(promotion.model), promotion),
        *_by_freezes(policy.freezes, promotion),
    ]


def _by_name(gates: Sequence[Mapping[str, Any]], path: str, promotion: Promotion) -> Iterator[Judged]:
    for index, settings in enumerate(gates):
        if _guards(settings.get("to"), promotion.target) and _guards(settings.get("from"), promotion.start):
            yield _judged(Fields(settings, path, f"gates.{index}"), path, f"gates.{index}", promotion)


def _by_freezes(freezes: Sequence[Mapping[str, Any]], promotion: Promotion) -> Iterator[Judged]:
    for index, settings in enumerate(freezes):
        if _guards(settings.get("stages"), promotion.target):
            key = f"freezes.{index}"
            verdict = _verdict(_FREEZE, Fields(settings, POLICY, key), promotion)
            yield Judged(_FREEZE.name, _FREEZE.code, verdict, POLICY, key)


def _guards(stages: object, stage: str) -> bool:
    return not isinstance(stages, list) or stage in stages


def _judged(settings: Fields, path: str, key: str, promotion: Promotion) -> Judged:
    try:
        name = settings.text("gate")[:100]
    except InvalidFile as error:
        return Judged("?", "RB400", _unusable(error), path, key)
    gate = GATES.get(name)
    if gate is None:
        hint = f"This tool knows: {', '.join(GATES)}. Upgrade it, or correct the policy."
        verdict = failed("unknown to this tool", "a gate that can be judged", hint)
        return Judged(name, "RB400", verdict, path, key)
    try:
        return Judged(name, gate.code, gate.verdict(settings, promotion), path, key)
    except InvalidFile as error:
        return Judged(name, "RB400", _unusable(error), path, key)


def _verdict(gate: Gate, settings: Fields, promotion: Promotion) -> Verdict:
    try:
        return gate.verdict(settings, promotion)
    except InvalidFile as error:
        return _unusable(error)


def _unusable(error: InvalidFile) -> Verdict:
    return failed(str(error), "settings that can be read", error.hint)
