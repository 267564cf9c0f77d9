"""What roles let somebody do with models, told by the rules that judge a change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.access.roles import ADMIN, APPROVER, AUTOMATION, RECORDER, may_change, may_move
from rollbook.check.gate_judgement import guards_stage

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from rollbook.records.policy import Policy, Stage

_GATE = "approvals"
# A file of each kind, of a model that nobody has: whether it may be changed does not depend on the name.
_MODEL, _VERSION = "model", "1.0.0"
_MANIFEST = layout.manifest_path(_MODEL, _VERSION)
_EVIDENCE = f"{layout.evidence_directory(_MODEL, _VERSION)}/evaluation-1.yaml"
_STAGES = layout.stages_path(_MODEL)
_REMOVAL = layout.removal_path(_MODEL, _VERSION)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What roles let somebody do with the models they are given for: register versions, add evidence, notes
    and cards, move versions into and out of `stages`, do what the monitor does by itself, sign approvals;
    `approves` are the stages that ask for approvals and count theirs. And of the registry: propose that
    artifacts go, create the tags of the trail whatever they attest, administer."""

    register: bool
    evidence: bool
    stages: tuple[str, ...]
    monitor: bool
    approve: bool
    approves: tuple[str, ...]
    remove: bool
    record: bool
    administer: bool

    def in_words(self, stages: Sequence[Stage]) -> str:
        """Return it in words, for a table; `stages` are all that the policy has."""
        is_any = len(self.stages) == len(stages)
        moves = "any stage" if is_any else ", ".join(self.stages)
        approves = f" (counts into {', '.join(self.approves)})" if self.approves else ""
        words = (
            ("register", self.register),
            ("evidence", self.evidence),
            (f"move: {moves}", bool(self.stages)),
            ("monitor", self.monitor and not self.evidence),
            (f"approve{approves}" if self.approve else f"review{approves}", self.approve or self.approves),
            ("remove artifacts", self.remove),
            ("record", self.record),
            ("administer", self.administer),
        )
        return "; ".join(word for word, holds in words if holds) or "read"


def allowed(held: Collection[str], policy: Policy, own_gates: Sequence[Mapping[str, Any]] = ()) -> Allowed:
    """Return what somebody may do who holds these roles; everything where the policy names none.

    `own_gates` are those of a model beside the policy's.
    """
    if not policy.roles:
        held = (ADMIN,)
    moves = may_change(held, _STAGES, policy)
    gates = [gate for gate in (*policy.gates, *own_gates) if gate.get("gate") == _GATE]
    counting = [gate for gate in gates if _counts(gate, held) or not policy.roles]
    return Allowed(
        register=may_change(held, _MANIFEST, policy),
        evidence=may_change(held, _EVIDENCE, policy),
        stages=tuple(stage.name for stage in policy.stages if moves and may_move(held, stage)),
        monitor=moves or AUTOMATION in held,
        approve=not {ADMIN, APPROVER}.isdisjoint(held),
        approves=tuple(stage.name for stage in policy.stages if guards_stage(counting, stage.name)),
        remove=may_change(held, _REMOVAL, policy),
        record=not {ADMIN, RECORDER}.isdisjoint(held),
        administer=may_change(held, layout.POLICY, policy),
    )


def _counts(gate: Mapping[str, Any], held: Collection[str]) -> bool:
    """Whether an approvals gate counts those who hold these roles."""
    role = gate.get("role")
    return role in held if role else not {ADMIN, APPROVER}.isdisjoint(held)
