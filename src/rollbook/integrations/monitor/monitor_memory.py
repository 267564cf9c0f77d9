"""What the monitor remembers from one run to the next: how each version stands, and each episode's deeds.

Nothing here decides what is true: evidence and rollbacks stand on main, and are looked up there before
anything is done twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rollbook.names import moment_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from rollbook.integrations.monitor.outcome import State

# The deed of an episode whose end was told: nothing is left to do about it.
ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a version stands by a check, damped: `state` since `since`. `candidate` is the state that was seen
    instead, `times` in a row since `candidate_since`; None where there is none. `message` is what the check
    said last, at `seen`. A state's time counts from `counted_from`: `since`, moved on by what the clock
    jumped over; None is `since`."""

    model: str
    version: str
    check: str
    state: State
    since: datetime
    seen: datetime
    message: str = ""
    candidate: State | None = None
    candidate_since: datetime | None = None
    times: int = 0
    counted_from: datetime | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """What the standing is of."""
        return self.model, self.version, self.check


@dataclass(frozen=True, slots=True)
class Episode:
    """A time in which a version is in breach by one check at least: one evidence, one issue, one rollback.

    `checks` are those that were in breach in it. `ended` is None while it lasts; `because` says why it is
    over. `deeds` say by name (`evidence`, `notify`, `issue`, `rollback`) what was done, so that it is done
    once.
    """

    id: str
    model: str
    version: str
    started: datetime
    checks: tuple[str, ...]
    ended: datetime | None = None
    deeds: Mapping[str, str] = field(default_factory=dict)
    because: str = ""

    def as_document(self) -> dict[str, Any]:
        """Return the episode as JSON data, without its deeds."""
        return {
            "model": self.model,
            "version": self.version,
            "started": moment_text(self.started),
            "ended": moment_text(self.ended) if self.ended else None,
            "because": self.because,
            "checks": list(self.checks),
        }


@dataclass(frozen=True, slots=True)
class Memory:
    """All that is remembered. Episodes are in the order in which they began."""

    standings: Mapping[tuple[str, str, str], Standing] = field(default_factory=dict)
    episodes: tuple[Episode, ...] = ()
