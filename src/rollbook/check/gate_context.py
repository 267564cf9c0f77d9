"""What the promotions of one model are judged on, and what their gates find."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollbook.check.finding import Finding
from rollbook.check.gate_judgement import guards_stage, judge, judge_displaced
from rollbook.check.gates.gate import Circumstances, Promotion, State
from rollbook.check.rules.transition_rules import (
    at_stage,
    entered_stages,
    entry_key,
    entry_keys,
    is_displaced,
)
from rollbook.layout import model_path
from rollbook.names import alias_target
from rollbook.records.model import ModelRecord

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence
    from typing import Any

    from rollbook.check.document import Document
    from rollbook.check.gate_judgement import JudgedGate
    from rollbook.check.registry_files import ModelFiles
    from rollbook.records.policy import Policy
    from rollbook.records.stages import StageTable
    from rollbook.registry.change import Transition


@dataclass(frozen=True, slots=True)
class Ground:
    """What judges a model's promotions: the base's policy and the model's own gates there, who was in which
    stage before, the registry's paths before and after, and the circumstances."""

    policy: Policy
    own: Sequence[Mapping[str, Any]]
    standing: StageTable
    before: Container[str]
    after: Container[str]
    circumstances: Circumstances = field(default_factory=Circumstances)

    def promotion(self, model: ModelFiles, move: Transition) -> Promotion:
        """Return the promotion that a move of one of the model's versions is."""
        files = model.versions.get(move.version)
        return Promotion(
            model.name,
            move.version,
            move.start,
            move.target,
            files.manifest if files else None,
            entry=move.entry,
            files=model,
            standing=self.standing,
            before=self.before,
            after=self.after,
            policy=self.policy,
            circumstances=self.circumstances,
        )

    def guards(self, alias: str) -> bool:
        """Whether gates guard an alias, or freezes name it."""
        target = alias_target(alias)
        frozen = (freeze.get("stages") for freeze in self.policy.freezes)
        return guards_stage([*self.policy.gates, *self.own], target) or any(
            target in stages for stages in frozen if isinstance(stages, list)
        )

    def judge(self, model: ModelFiles, move: Transition) -> list[JudgedGate]:
        """Return what every gate says of a move."""
        return judge(self.policy, self.promotion(model, move), self.own)

    def judge_displaced(self, model: ModelFiles, move: Transition) -> list[JudgedGate]:
        """Return what the gates say of the move of a version that another one displaces: most say nothing."""
        return judge_displaced(self.policy, self.promotion(model, move), self.own)


def own_gates(base: Document | None, model: ModelFiles) -> tuple[Mapping[str, Any], ...] | None:
    """Return a model's own gates, by its model.yaml in the base; by that of the change when the model is new.
    None when the base's can't be read.
    """
    if base is None:
        return model.record.gates if model.record else ()
    return base.record.gates if isinstance(base.record, ModelRecord) else None


def gate_findings(model: ModelFiles, moves: Sequence[Transition], ground: Ground) -> Iterator[Finding]:
    """Yield the gates that don't let a move pass. A version that only makes room for another one meets
    those alone that ask what becomes of its users.
    """
    keys = entry_keys(model)
    entered = entered_stages(moves)
    for move in moves:
        if move.version not in model.versions:
            continue
        displaced = is_displaced(move, entered, ground.policy)
        for judged in (ground.judge_displaced if displaced else ground.judge)(model, move):
            verdict = judged.verdict
            if not verdict.passed:
                waits = verdict.state is State.WAITING
                message = (
                    f"{model.name}@{move.version} {'waits for' if waits else 'fails'} {judged.gate}: "
                    f"{verdict.figure}; {move.target} asks for {verdict.threshold}"
                )
                key = entry_key(keys, move)
                yield at_stage(model, key, judged.code, message, verdict.hint, waiting=waits)


def unreadable_gates(model: str) -> Finding:
    """Return the finding that a model's own gates are not known."""
    message = "the base's file can't be read, so its gates can't be judged"
    return Finding("RB400", model_path(model), message, hint="Repair it on the main branch first.")
