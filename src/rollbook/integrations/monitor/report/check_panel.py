"""One check of one model over time: what is drawn, before anything is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from rollbook.errors import InvalidFile
from rollbook.integrations.monitor.bounds import SETTINGS, Bounds, bounds_from
from rollbook.integrations.monitor.outcome import State, Window
from rollbook.names import precedence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rollbook.integrations.monitor.replay.past_main import StageMove
    from rollbook.integrations.monitor.replay.replay_result import Look, Replay, Track
    from rollbook.records.monitoring import CheckSettings


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which a version stood in one state."""

    version: str
    state: State
    window: Window


@dataclass(frozen=True, slots=True)
class Panel:
    """A check's tracks, a version each, from old to new; the moves into the stages that it is about."""

    model: str
    settings: CheckSettings
    tracks: Sequence[Track]
    moves: Sequence[StageMove]
    replay: Replay

    @property
    def bounds(self) -> Bounds:
        """The bounds of the figure itself; none where the check has others."""
        own = self.settings.settings
        try:
            return bounds_from(self.settings.fields()) if own.keys() & SETTINGS.keys() else Bounds()
        except InvalidFile:
            return Bounds()

    @property
    def bound_text(self) -> str:
        """What is asked of the figure, in words: as the check said it last."""
        told = [look.bound for track in self.tracks for look in track.looks if look.bound]
        return told[-1] if told else ""

    def bounds_around(self, looks: Sequence[Look]) -> Iterator[tuple[State, list[float | None]]]:
        """Yield the bounds that go with the baseline of each look, where the check says how far the figure
        may be from it; None where there is no baseline."""
        for state, before in ((State.BREACH, ""), (State.WARNING, "warn_")):
            for name, way in (("max_drop", -1), ("max_rise", 1)):
                for ending, is_part in (("", False), ("_percent", True)):
                    limit = self.settings.settings.get(f"{before}{name}{ending}")
                    if isinstance(limit, int | float):
                        yield (
                            state,
                            [
                                None
                                if base is None
                                else base + way * limit * (abs(base) / 100 if is_part else 1)
                                for base in (look.baseline for look in looks)
                            ],
                        )

    def runs(self, track: Track) -> Iterator[Sequence[Look]]:
        """Yield the looks that follow one another without a step left out."""
        step = self.replay.step
        place = lambda pair: pair[1].at - pair[0] * step  # noqa: E731
        for _, run in groupby(enumerate(track.looks), place):
            yield [look for _, look in run]

    def spans(self) -> Iterator[Span]:
        """Yield the times in which a version stood in one state: each look counts until the next."""
        for track in self.tracks:
            for run in self.runs(track):
                for state, same in groupby(run, lambda look: look.stood):
                    looks = list(same)
                    end = min(looks[-1].at + self.replay.step, self.replay.period.end)
                    yield Span(track.version, state, Window(looks[0].at, end))


def panels_of(replay: Replay) -> list[Panel]:
    """Return a panel for each model and check, in the order of names."""
    found: dict[tuple[str, str], list[Track]] = {}
    for track in replay.tracks:
        found.setdefault((track.model, track.settings.name), []).append(track)
    panels = []
    for (model, _), tracks in sorted(found.items()):
        settings = tracks[0].settings
        moves = [move for move in replay.moves if move.model == model and move.stage in settings.stages]
        tracks.sort(key=lambda track: precedence(track.version))
        panels.append(Panel(model, settings, tracks, moves, replay))
    return panels
