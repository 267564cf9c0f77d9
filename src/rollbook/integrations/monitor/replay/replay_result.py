"""What a replay finds: how each check went over a period, and what the monitor would have done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from rollbook.integrations.monitor.outcome import State
from rollbook.names import moment_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rollbook.integrations.monitor.monitor_memory import Episode
    from rollbook.integrations.monitor.outcome import Window
    from rollbook.integrations.monitor.replay.past_main import StageMove
    from rollbook.records.monitoring import CheckSettings

# A breach that comes back within this time of having ended flaps.
FLAPS_WITHIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Look:
    """What a check said at a moment (`seen`), and how the version stood by it once that was damped.
    `baseline` is the figure that the value is held against; None where bounds alone are."""

    at: datetime
    seen: State
    stood: State
    value: float | None
    samples: int | None
    message: str
    bound: str = ""
    baseline: float | None = None


@dataclass(frozen=True, slots=True)
class StateChange:
    """A standing that changed at a moment; `before` is None where the version came under the check."""

    at: datetime
    model: str
    version: str
    check: str
    before: State | None
    after: State
    message: str

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "at": moment_text(self.at),
            "model": self.model,
            "version": self.version,
            "check": self.check,
            "from": self.before.value if self.before else None,
            "to": self.after.value,
            "message": self.message,
        }


@dataclass(frozen=True, slots=True)
class Track:
    """How a version went by a check over the period, look by look. `settings` are the check's."""

    model: str
    version: str
    settings: CheckSettings
    looks: Sequence[Look]

    @property
    def shares(self) -> dict[str, float]:
        """Return the part of its looks in which the version stood in each state."""
        count = len(self.looks) or 1
        return {
            state.value: round(sum(look.stood is state for look in self.looks) / count, 4) for state in State
        }

    @property
    def changes(self) -> int:
        """Return how often the standing changed."""
        return _changes([look.stood for look in self.looks])

    @property
    def undamped_changes(self) -> int:
        """Return how often it would have changed without damping."""
        return _changes([look.seen for look in self.looks])

    @property
    def breaches(self) -> int:
        """Return how often a breach began."""
        return len(_begun(self.looks))

    @property
    def flaps(self) -> int:
        """Return how often a breach came back within a day of having ended."""
        count, ended = 0, None
        for before, look in zip([None, *self.looks], self.looks, strict=False):
            was = before is not None and before.stood is State.BREACH
            if was and look.stood is not State.BREACH:
                ended = look.at
            elif not was and look.stood is State.BREACH:
                count += ended is not None and look.at - ended <= FLAPS_WITHIN
        return count

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON data, without the looks."""
        return {
            "model": self.model,
            "version": self.version,
            "check": self.settings.name,
            "kind": self.settings.kind,
            "from": moment_text(self.looks[0].at),
            "to": moment_text(self.looks[-1].at),
            "looks": len(self.looks),
            "shares": self.shares,
            "changes": self.changes,
            "undamped_changes": self.undamped_changes,
            "breaches": self.breaches,
            "flaps": self.flaps,
        }


@dataclass(frozen=True, slots=True)
class ImaginedDeed:
    """What the monitor would have done: its name, as an episode's deeds have it, and what in one line."""

    name: str
    says: str


@dataclass(frozen=True, slots=True)
class PastEpisode:
    """A time in which a version would have been in breach, what would have been done about it, and which
    evidence of monitoring main has of the version from that time. `back_to` is the version that a rollback
    would have gone to; empty where none would have been made."""

    episode: Episode
    deeds: tuple[ImaginedDeed, ...]
    back_to: str = ""
    evidence: tuple[str, ...] = ()

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            **self.episode.as_document(),
            "would": {deed.name: deed.says for deed in self.deeds},
            "back_to": self.back_to or None,
            "evidence": list(self.evidence),
        }


@dataclass(frozen=True, slots=True)
class Replay:
    """A period as the monitor would have seen it, by the settings of `policy` (`main`, or a file's name).

    `moves` are those of the versions in the period, `notes` what has to be known to read it. `commit` is
    where main stands, by which it was told.
    """

    period: Window
    step: timedelta
    policy: str
    steps: int
    tracks: Sequence[Track]
    changes: Sequence[StateChange]
    episodes: Sequence[PastEpisode]
    moves: Sequence[StageMove]
    notes: Sequence[str]
    commit: str

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "from": moment_text(self.period.start),
            "to": moment_text(self.period.end),
            "step": int(self.step.total_seconds()),
            "steps": self.steps,
            "policy": self.policy,
            "commit": self.commit,
            "checks": [track.as_document() for track in self.tracks],
            "changes": [change.as_document() for change in self.changes],
            "episodes": [episode.as_document() for episode in self.episodes],
            "moves": [
                {
                    "at": moment_text(move.at),
                    "model": move.model,
                    "version": move.version,
                    "stage": move.stage,
                    "is_return": move.is_return,
                }
                for move in self.moves
            ],
            "notes": list(self.notes),
        }


def _changes(states: Sequence[State]) -> int:
    return sum(before is not after for before, after in pairwise(states))


def _begun(looks: Sequence[Look]) -> list[datetime]:
    return [
        look.at
        for before, look in zip([None, *looks], looks, strict=False)
        if look.stood is State.BREACH and (before is None or before.stood is not State.BREACH)
    ]
