"""What a breach would have had the monitor do, from what is on record: nothing of it is done."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rollbook.integrations.monitor.breach.good_version import fault_of
from rollbook.integrations.monitor.replay.replay_result import ImaginedDeed
from rollbook.names import moment_text
from rollbook.propose.promotion import line_of_holders
from rollbook.trail.evidence_on_record import EvidenceOnRecord

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from rollbook.integrations.monitor.breach.past_rollbacks import PastRollback
    from rollbook.integrations.monitor.monitor_memory import Episode
    from rollbook.integrations.monitor.replay.past_main import StageMove
    from rollbook.records.monitoring import Monitoring
    from rollbook.registry.registry import Model

_DONE = {"propose": "would be proposed", "land": "would land, where the gates let it"}
# A rollback lands on evidence that has landed; evidence that is proposed waits for a person.
_WAITS = ("propose", "land")


class ImaginedDeeds:
    """What would have been done so far. A rollback that would have been made holds off the next, although
    the version that held the stage went on to hold it; so do those that the monitor did make, which are
    `made` by model."""

    def __init__(self, moves: Sequence[StageMove], made: Mapping[str, Sequence[PastRollback]]) -> None:
        self._moves = moves
        self._rolled_back = {model: [one.at for one in rollbacks] for model, rollbacks in made.items()}

    def about(
        self, episode: Episode, model: Model, monitoring: Monitoring, in_breach: Collection[str]
    ) -> tuple[tuple[ImaginedDeed, ...], str]:
        """Return what the beginning of an episode calls for, and the version that a rollback would go to;
        empty where none would be made. `model` is as main had it then, `in_breach` which of its versions
        were."""
        actions = monitoring.on_breach
        deeds = []
        if actions.evidence != "none":
            deeds.append(ImaginedDeed("evidence", f"evidence {_DONE[actions.evidence]}"))
        if actions.notify:
            deeds.append(ImaginedDeed("notify", "the receivers of notifications would be told"))
        if actions.issue:
            deeds.append(ImaginedDeed("issue", "an issue would be opened"))
        stage = model.version(episode.version).stage
        if actions.rollback == "none" or not model.registry.policy.stage(stage).exclusive:
            return tuple(deeds), ""
        says, back_to = self._rollback(episode, model, stage, monitoring, in_breach)
        return (*deeds, ImaginedDeed("rollback", says)), back_to

    def _rollback(
        self,
        episode: Episode,
        model: Model,
        stage: str,
        monitoring: Monitoring,
        in_breach: Collection[str],
    ) -> tuple[str, str]:
        at, actions = episode.started, monitoring.on_breach
        if actions.evidence == "none":
            return "a person is called: a rollback rests on evidence, of which none is made", ""
        past = self._rolled_back.setdefault(model.name, [])
        last = max((one for one in past if at - actions.stop_loops_for <= one <= at), default=None)
        if last is not None:
            until = moment_text(last + actions.stop_loops_for)
            return f"held off until {until}: one was made on {moment_text(last)}", ""
        target, faults = self._last_good(model, stage, at, in_breach)
        if not target:
            looked_at = "; ".join(faults) or "none held it before"
            return f"a person is called, as no version to go back to is good: {looked_at}", ""
        past.append(at)
        waits = ", once its evidence has landed" if (actions.evidence, actions.rollback) == _WAITS else ""
        return f"a rollback to {target} {_DONE[actions.rollback]}{waits}", target

    def _last_good(
        self, model: Model, stage: str, at: datetime, in_breach: Collection[str]
    ) -> tuple[str, list[str]]:
        """Return the version that held a stage last before and was good at a moment, and why later ones were
        not; empty where there is none. Whether their bytes were there can't be told of the past."""
        arrivals = [
            move.version
            for move in self._moves
            if move.model == model.name and move.stage == stage and move.at <= at
        ]
        holders = {entry.version for entry in model.stages.holders(stage)}
        registry = model.registry
        on_record = EvidenceOnRecord(registry.repository, registry.snapshot.commit)
        faults: list[str] = []
        for name in reversed(line_of_holders(arrivals)):
            if name in holders or name not in model.version_names:
                continue
            fault = fault_of(model.version(name), stage, at.astimezone(UTC).date(), on_record)
            if name in in_breach:
                fault = fault or "is in breach itself"
            if not fault:
                return name, faults
            faults.append(f"{name} {fault}")
        return "", faults
