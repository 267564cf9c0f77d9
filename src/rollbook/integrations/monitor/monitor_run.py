"""What a run of the monitor saw and did, as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rollbook.integrations.monitor.outcome import State
from rollbook.names import moment_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rollbook.integrations.monitor.monitor_memory import Episode, Standing
    from rollbook.integrations.monitor.outcome import Outcome


@dataclass(frozen=True, slots=True)
class DeedDone:
    """What was done about an episode: its name (`evidence`, `notify`, ...), and what came of it."""

    model: str
    version: str
    episode: str
    deed: str
    result: str


@dataclass(frozen=True, slots=True)
class MonitorRun:
    """What a run of the monitor saw on a commit of main, how each version stands now, and what was done.

    `episodes` are those that last and those that ended with this run. `problems` are what went wrong on the
    way, a line each; what was remembered and done stands nevertheless. `unwatched` are the models whose own
    settings can't be used.
    """

    at: datetime
    main: str
    outcomes: Sequence[Outcome]
    standings: Sequence[Standing]
    episodes: Sequence[Episode]
    done: Sequence[DeedDone] = ()
    problems: Sequence[str] = ()
    unwatched: Sequence[str] = ()
    is_dry: bool = False

    @property
    def exit_code(self) -> int:
        """Return 1 where a breach stands, 3 where something is unknown, else 0."""
        states = {one.state for one in self.standings}
        if State.BREACH in states:
            return 1
        return 3 if State.UNKNOWN in states or self.unwatched else 0

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "at": moment_text(self.at),
            "main": self.main,
            "dry_run": self.is_dry,
            "standings": [self._standing(one) for one in self.standings],
            "outcomes": [outcome.as_document() for outcome in self.outcomes],
            "episodes": [
                {"id": one.id, **one.as_document(), "deeds": dict(one.deeds)} for one in self.episodes
            ],
            "done": [asdict(one) for one in self.done],
            "problems": list(self.problems),
            "unwatched": list(self.unwatched),
        }

    def value_of(self, standing: Standing) -> float | None:
        """Return the figure that was seen in this run; None where there is none."""
        seen = (one for one in self.outcomes if _key(one) == standing.key)
        return next((one.value for one in seen), None)

    def _standing(self, standing: Standing) -> dict[str, Any]:
        candidate = standing.candidate
        return {
            "model": standing.model,
            "version": standing.version,
            "check": standing.check,
            "state": standing.state.value,
            "since": moment_text(standing.since),
            "seen": moment_text(standing.seen),
            "value": self.value_of(standing),
            "message": standing.message,
            "candidate": candidate.value if candidate else None,
            "candidate_since": moment_text(standing.candidate_since) if standing.candidate_since else None,
            "times": standing.times,
        }


def _key(outcome: Outcome) -> tuple[str, str, str]:
    return outcome.subject.model, outcome.subject.version, outcome.check
