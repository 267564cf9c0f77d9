"""Judging a promotion by all gates that guard its stage."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.check import gates
from rollbook.check.gates.gate import State, failed, waived
from rollbook.errors import InvalidFile
from rollbook.layout import POLICY, model_path
from rollbook.names import is_alias_target
from rollbook.records.fields import Fields

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence
    from typing import Any

    from rollbook.check.gates.gate import Gate, Promotion, Verdict
    from rollbook.records.policy import Policy


def _gates() -> Iterator[Gate]:
    """Yield the gate of each module in `check/gates/`, but for the one that says what a gate is."""
    for module in pkgutil.iter_modules(gates.__path__):
        if module.name != "gate":
            yield importlib.import_module(f"{gates.__name__}.{module.name}").GATE


# Every gate by its name, in the order of their codes.
ALL_GATES: Mapping[str, Gate] = {gate.name: gate for gate in sorted(_gates(), key=lambda gate: gate.code)}
# Those that a policy's `gates:` may name. The others guard every transition by a list of their own.
GATES: Mapping[str, Gate] = {
    name: gate for name, gate in ALL_GATES.items() if gate.schema.listed_under == "gates"
}
_FREEZE = ALL_GATES["freeze"]
_OF_DISPLACED = frozenset(name for name, gate in GATES.items() if gate.schema.guards_displaced)


@dataclass(frozen=True, slots=True)
class JudgedGate:
    """A gate, and what it said. `code` is that of the finding when it does not pass, `key` where it stands in
    the file at `path`."""

    gate: str
    code: str
    verdict: Verdict
    path: str = POLICY
    key: str = ""


def judge(policy: Policy, promotion: Promotion, own: Sequence[Mapping[str, Any]] = ()) -> list[JudgedGate]:
    """Return the verdict of every gate of the policy that guards the stage, in the policy's order, then of
    the model's `own` gates, then of the policy's freezes.

    A gate that is unknown or can't use its settings fails: nothing passes because it was misspelt.
    """
    listed = [
        *_by_name(policy.gates, POLICY, promotion),
        *_by_name(own, model_path(promotion.model), promotion),
    ]
    return [*listed, *_by_freezes(policy.freezes, promotion), *_wrongly_waived(listed, promotion)]


def judge_displaced(
    policy: Policy, promotion: Promotion, own: Sequence[Mapping[str, Any]] = ()
) -> list[JudgedGate]:
    """Return what those gates say that also guard the way of a version which another one displaces: it
    makes room, whatever else its stage asks for."""
    lists = ((policy.gates, POLICY), (own, model_path(promotion.model)))
    judged = [one for gates, path in lists for one in _by_name(gates, path, promotion, only=_OF_DISPLACED)]
    return [*judged, *_wrongly_waived(judged, promotion)]


def waivable(policy: Policy, promotion: Promotion, own: Sequence[Mapping[str, Any]] = ()) -> frozenset[str]:
    """Return the names of the gates that a promotion may set aside: none, unless it is a rollback."""
    if not promotion.is_rollback:
        return frozenset()
    guarding = [settings for settings in [*policy.gates, *own] if _guards_way(settings, promotion)]
    return frozenset(str(settings.get("gate")) for settings in guarding if _is_waivable(settings))


def _is_waivable(settings: Mapping[str, Any]) -> bool:
    gate = GATES.get(str(settings.get("gate")))
    default = "waived" if gate and gate.schema.waived_for_rollback else "enforced"
    return bool(settings.get("rollback", default) == "waived")


def _is_waived(settings: Mapping[str, Any], promotion: Promotion) -> bool:
    claimed = promotion.entry is not None and settings.get("gate") in promotion.entry.waived
    return claimed and _is_waivable(settings) and promotion.is_rollback


def _wrongly_waived(listed: Sequence[JudgedGate], promotion: Promotion) -> Iterator[JudgedGate]:
    """Yield the gates that the entry in stages.yaml says are waived, and none is."""
    waived = {judged.gate for judged in listed if judged.verdict.state is State.WAIVED}
    for name in promotion.entry.waived if promotion.entry else ():
        if name not in waived:
            hint = "Take it out of `waived`; the policy says which gates a rollback may set aside."
            verdict = failed("said to be waived", "a gate that is waived for this very move", hint)
            yield JudgedGate(name, "RB312", verdict, POLICY)


def _by_name(
    gates: Sequence[Mapping[str, Any]],
    path: str,
    promotion: Promotion,
    *,
    only: Container[str] | None = None,
) -> Iterator[JudgedGate]:
    for index, settings in enumerate(gates):
        if (only is None or str(settings.get("gate")) in only) and _guards_way(settings, promotion):
            key, is_waived = f"gates.{index}", _is_waived(settings, promotion)
            yield _judged(Fields(settings, path, key), path, key, promotion, is_waived=is_waived)


def _by_freezes(freezes: Sequence[Mapping[str, Any]], promotion: Promotion) -> Iterator[JudgedGate]:
    for index, settings in enumerate(freezes):
        if _guards(settings.get("stages"), promotion.target):
            key = f"freezes.{index}"
            verdict = _verdict(_FREEZE, Fields(settings, POLICY, key), promotion)
            yield JudgedGate(_FREEZE.name, _FREEZE.code, verdict, POLICY, key)


def _guards_way(settings: Mapping[str, Any], promotion: Promotion) -> bool:
    start = promotion.came_from
    comes = _guards(settings.get("from"), start) if start else True
    return comes and _guards(settings.get("to"), promotion.target)


def _guards(stages: object, stage: str) -> bool:
    if stages is None and is_alias_target(stage):
        return False  # what names nothing is about all stages, and an alias is none
    return not isinstance(stages, list) or stage in stages


def guards_stage(gates: Sequence[Mapping[str, Any]], stage: str) -> bool:
    """Whether any of a list of gates guards a stage, from wherever a version comes."""
    return any(_guards(settings.get("to"), stage) for settings in gates)


def _judged(settings: Fields, path: str, key: str, promotion: Promotion, *, is_waived: bool) -> JudgedGate:
    try:
        name = settings.text("gate")[:100]
    except InvalidFile as error:
        return JudgedGate("?", "RB400", _unusable(error), path, key)
    gate = GATES.get(name)
    if gate is None:
        hint = f"This tool knows: {', '.join(GATES)}. Upgrade it, or correct the policy."
        verdict = failed("unknown to this tool", "a gate that can be judged", hint)
        return JudgedGate(name, "RB400", verdict, path, key)
    try:
        verdict = waived(promotion.target) if is_waived else gate.verdict(settings, promotion)
        return JudgedGate(name, gate.code, verdict, path, key)
    except InvalidFile as error:
        return JudgedGate(name, "RB400", _unusable(error), path, key)


def _verdict(gate: Gate, settings: Fields, promotion: Promotion) -> Verdict:
    try:
        return gate.verdict(settings, promotion)
    except InvalidFile as error:
        return _unusable(error)


def _unusable(error: InvalidFile) -> Verdict:
    return failed(str(error), "settings that can be read", error.hint)
