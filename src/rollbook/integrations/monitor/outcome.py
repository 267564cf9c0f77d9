"""What one check says of one version at one moment, before anything is damped."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from rollbook.names import moment_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class State(Enum):
    """How a version does by a check. What is missing, stale or too little is UNKNOWN, never OK."""

    OK = "ok"
    WARNING = "warning"
    BREACH = "breach"
    UNKNOWN = "unknown"

    @property
    def badness(self) -> int:
        """Return a number that is greater the worse the state is; what nobody knows is worse than ok, and
        no reason to act."""
        return _BADNESS[self.value]


_BADNESS = {"ok": 0, "unknown": 1, "warning": 2, "breach": 3}


@dataclass(frozen=True, slots=True)
class Window:
    """The time that figures are about, from `start` up to `end`, which is not in it; both with a zone."""

    start: datetime
    end: datetime

    def __str__(self) -> str:
        return f"{moment_text(self.start)} to {moment_text(self.end)}"

    def as_document(self) -> dict[str, str]:
        """Return the window as JSON data."""
        return {"from": moment_text(self.start), "to": moment_text(self.end)}


@dataclass(frozen=True, slots=True)
class Subject:
    """A version that serves: in which stage, and which artifact it is by its SHA-256."""

    model: str
    version: str
    stage: str
    artifact_sha256: str

    def __str__(self) -> str:
        return f"{self.model}@{self.version}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check measured and how it stands.

    `state` is judged by the bounds at which a state is entered; `held` by those at which one is left: a state
    that is worse than `state` stays while `held` is as bad. `value` is the figure, None where there is none;
    `bound` what was asked of it; `samples` how many observations it rests on, None where the source doesn't
    say; `query` what the source was asked. `message` says it in one line; `figures` are those behind it by
    name (such as one a feature), `findings` what else is wrong, a line each.
    """

    subject: Subject
    check: str
    state: State
    held: State
    window: Window
    source: str
    query: str = ""
    value: float | None = None
    bound: str = ""
    samples: int | None = None
    message: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)
    findings: tuple[str, ...] = ()

    def as_document(self) -> dict[str, Any]:
        """Return the outcome as JSON data."""
        return {
            "model": self.subject.model,
            "version": self.subject.version,
            "stage": self.subject.stage,
            "check": self.check,
            "state": self.state.value,
            "value": self.value,
            "bound": self.bound,
            "samples": self.samples,
            "window": self.window.as_document(),
            "source": self.source,
            "query": self.query,
            "message": self.message,
            "figures": dict(self.figures),
            "findings": list(self.findings),
        }
