"""What a breach would have had the monitor do, from what is on record: nothing of it is done."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rollbook.integrations.monitor.replay.replay_result import Deed, moment_text
from rollbook.names import PRODUCTION, day_of
from rollbook.propose.promotion import line_of_holders

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from rollbook.integrations.monitor.memory import Episode
    from rollbook.integrations.monitor.replay.past_main import StageMove
    from rollbook.records.deprecation import Deprecation
    from rollbook.records.monitoring import Monitoring
    from rollbook.registry.registry import Model

_DONE = {"propose": "would be proposed", "land": "would land, where the gates let it"}


class ImaginedDeeds:
    """What would have been done so far. A rollback that would have been made holds off the next, although
    the version that held the stage went on to hold it."""

    def __init__(self, moves: Sequence[StageMove]) -> None:
        self._moves = moves
        self._rolled_back: dict[str, datetime] = {}

    def about(
        self, episode: Episode, model: Model, monitoring: Monitoring, in_breach: Collection[str]
    ) -> tuple[tuple[Deed, ...], str]:
        """Return what the beginning of an episode calls for, and the version that a rollback would go to;
        empty where none would be made. `model` is as main had it then, `in_breach` which of its versions
        were."""
        actions = monitoring.on_breach
        deeds = []
        if actions.evidence != "none":
            deeds.append(Deed("evidence", f"evidence {_DONE[actions.evidence]}"))
        if actions.notify:
            deeds.append(Deed("notify", "the receivers of notifications would be told"))
        if actions.issue:
            deeds.append(Deed("issue", "an issue would be opened"))
        if actions.rollback == "none" or not self._holds_production(model, episode.version):
            return tuple(deeds), ""
        says, back_to = self._rollback(episode, model, monitoring, in_breach)
        return (*deeds, Deed("rollback", says)), back_to

    def _rollback(
        self, episode: Episode, model: Model, monitoring: Monitoring, in_breach: Collection[str]
    ) -> tuple[str, str]:
        at, last = episode.started, self._rolled_back.get(model.name)
        held_off = monitoring.on_breach.stop_loops_for
        if last is not None and at - last < held_off:
            return f"held off until {moment_text(last + held_off)}: one was made on {moment_text(last)}", ""
        target = next(self._good(model, at, in_breach), None)
        if target is None:
            return "no version to go back to: a person is called", ""
        self._rolled_back[model.name] = at
        return f"a rollback to {target} {_DONE[monitoring.on_breach.rollback]}", target

    def _good(self, model: Model, at: datetime, in_breach: Collection[str]) -> Iterator[str]:
        """Yield the versions that held production before, the last one first, that were good at a moment.
        Whether their bytes were there can't be told of the past."""
        arrivals = [
            move.version
            for move in self._moves
            if move.model == model.name and move.stage == PRODUCTION and move.at <= at
        ]
        holders = {entry.version for entry in model.stages.holders(PRODUCTION)}
        known = frozenset(model.version_names)
        for name in reversed(line_of_holders(arrivals)):
            if name in holders or name in in_breach or name not in known:
                continue
            version = model.version(name)
            if version.removal is None and not _is_past_sunset(version.deprecation, at):
                yield name

    @staticmethod
    def _holds_production(model: Model, version: str) -> bool:
        return any(entry.version == version for entry in model.stages.holders(PRODUCTION))


def _is_past_sunset(deprecation: Deprecation | None, at: datetime) -> bool:
    day = day_of(deprecation.sunset) if deprecation else None
    return day is not None and at.astimezone(UTC).date() > day
