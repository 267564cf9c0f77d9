"""An audit event: one thing that happened to one version, and the tag that records it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from rollbook.names import alias_of


class Action(Enum):
    """What happened. The value is the word in a tag's `Action` trailer."""

    REGISTERED = "registered"
    ASSIGNED = "assigned"
    UNASSIGNED = "unassigned"
    REMOVED = "removed"
    ALIAS_SET = "alias-set"
    ALIAS_REMOVED = "alias-removed"


@dataclass(frozen=True, slots=True)
class Event:
    """One event, as main's history tells it.

    `number` counts the events of its model from 1. `landed_in` is the commit of main that made the
    change, `commit` the one the tag stands on: that of the version's registration. `recorded_at` (Unix time,
    seconds) is when it landed, or a second after the model's event before it where that is later, so
    that tools which order tags by time see them in order. Digests are SHA-256, hexadecimal. `origin` is, of
    a version that was taken over, the tag that registered it before and the id of that tag's object.
    An alias stands in the place of a stage with a mark that no stage has: `@champion`.
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
    origin: str = ""

    @property
    def tag(self) -> str:
        """The tag's name, in GTO's grammar (https://mlem.ai/doc/gto/user-guide/#git-tags-format).

        `model@v1.2.0` registered, `model@v1.2.0!` removed, `model#stage#7` put into a stage,
        `model#stage!#8` taken out of it; the same of an alias, which to GTO is a stage. A version that stays
        while its entry changes (its share of the traffic, its sunset) is put into its stage again. Where a
        tag of a version that was taken over bears the first name already, and stays,
        `model@v1.2.0#imported`, which GTO takes no notice of.
        """
        match self.action:
            case Action.REGISTERED:
                kept = "#imported" if self.origin.startswith(f"{self.model}@") else ""
                return f"{self.model}@v{self.version}{kept}"
            case Action.REMOVED:
                return f"{self.model}@v{self.version}!"
            case Action.ASSIGNED | Action.ALIAS_SET:
                return f"{self.model}#{alias_of(self.target)}#{self.number}"
            case Action.UNASSIGNED | Action.ALIAS_REMOVED:
                return f"{self.model}#{alias_of(self.start)}!#{self.number}"

    @property
    def summary(self) -> str:
        """The event in one line."""
        subject = f"{self.model}@{self.version}"
        match self.action:
            case Action.REGISTERED:
                return f"{subject} registered"
            case Action.REMOVED:
                return f"{subject}: artifact removed; the record stays"
            case Action.ASSIGNED if self.start == self.target:
                return f"{subject} changed in {self.target}"
            case Action.ASSIGNED:
                return f"{subject} put into {self.target}"
            case Action.UNASSIGNED:
                return f"{subject} taken out of {self.start}"
            case Action.ALIAS_SET:
                return f"{subject} given the alias {alias_of(self.target)}"
            case Action.ALIAS_REMOVED:
                return f"{subject} no longer has the alias {alias_of(self.start)}"

    @property
    def is_of_alias(self) -> bool:
        """Whether it is about an alias: the version stays in its stage."""
        return self.action in (Action.ALIAS_SET, Action.ALIAS_REMOVED)
