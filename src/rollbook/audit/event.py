"""An audit event: one thing that happened to one version, and the tag that records it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Action(Enum):
    """What happened. The value is the word in a tag's `Action` trailer."""

    REGISTERED = "registered"
    ASSIGNED = "assigned"
    UNASSIGNED = "unassigned"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Event:
    """One event, as main's history tells it.

    `number` counts the events of its model from 1. `landed_in` is the commit of main that made the
    change, `commit` the one the tag stands on: that of the version's registration. `recorded_at` (Unix time,
    seconds) is when it landed, or a second after the model's event before it where that is later, so
    that tools which order tags by time see them in order. Digests are SHA-256, hexadecimal.
    """

    action: Action
    number: int
    model: str
    version: str
    start: str
    target: str
    reason: str
    requested_by: str
    requested_at: str
    approved_by: tuple[str, ...]
    landed_in: str
    commit: str
    recorded_at: int
    manifest_digest: str
    artifact_digest: str

    @property
    def tag(self) -> str:
        """The tag's name, in GTO's grammar (https://mlem.ai/doc/gto/user-guide/#git-tags-format).

        `model@v1.2.0` registered, `model@v1.2.0!` removed, `model#stage#7` put into a stage,
        `model#stage!#8` taken out of it.
        """
        match self.action:
            case Action.REGISTERED:
                return f"{self.model}@v{self.version}"
            case Action.REMOVED:
                return f"{self.model}@v{self.version}!"
            case Action.ASSIGNED:
                return f"{self.model}#{self.target}#{self.number}"
            case Action.UNASSIGNED:
                return f"{self.model}#{self.start}!#{self.number}"

    @property
    def summary(self) -> str:
        """The event in one line."""
        subject = f"{self.model}@{self.version}"
        match self.action:
            case Action.REGISTERED:
                return f"{subject} registered"
            case Action.REMOVED:
                return f"{subject} removed"
            case Action.ASSIGNED:
                return f"{subject} put into {self.target}"
            case Action.UNASSIGNED:
                return f"{subject} taken out of {self.start}"
