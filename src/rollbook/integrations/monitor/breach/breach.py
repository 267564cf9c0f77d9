"""A breach: an episode, what the checks say of its version now, and what may be done about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.integrations.monitor.outcome import State
from rollbook.text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rollbook.git.repository import Repository
    from rollbook.integrations.monitor.monitor_memory import Episode
    from rollbook.integrations.monitor.outcome import Outcome
    from rollbook.records.monitoring import Monitoring


_LONGEST_REASON = 900  # characters; the trail takes 1000


@dataclass(frozen=True, slots=True)
class Breach:
    """What is acted on. `outcomes` are those of the episode's version alone."""

    repository: Repository
    episode: Episode
    outcomes: Sequence[Outcome]
    monitoring: Monitoring
    now: datetime

    def __str__(self) -> str:
        return f"{self.episode.model}@{self.episode.version}"

    @property
    def stage(self) -> str:
        """The stage that the version was watched in; empty where no check tells."""
        return self.outcomes[0].subject.stage if self.outcomes else ""

    @property
    def shown(self) -> list[Outcome]:
        """What the checks say that the episode is about, the worst first."""
        own = [outcome for outcome in self.outcomes if outcome.check in self.episode.checks]
        return sorted(own, key=lambda outcome: -max(outcome.state.badness, outcome.held.badness))

    @property
    def is_seen(self) -> bool:
        """Whether a check tells the breach now: it may have ended, or its source may be away."""
        return bool(self._telling)

    @property
    def reason(self) -> str:
        """What is wrong, on one line: what the checks say that tell the breach now, else their names."""
        told = "; ".join(
            f"{outcome.check}: {outcome.message}" for outcome in self._telling if outcome.message
        )
        checks = told or ", ".join(self.episode.checks)
        return one_line(f"{self} is in breach: {checks}", _LONGEST_REASON)

    @property
    def _telling(self) -> list[Outcome]:
        return [outcome for outcome in self.shown if State.BREACH in (outcome.state, outcome.held)]
