"""Whether the audit trail holds, as the catalog's badge says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.errors import RollbookError
from rollbook.trail.verify import verify

if TYPE_CHECKING:
    from rollbook.api.public_registry import Registry

PROOF = "rollbook audit verify"


@dataclass(frozen=True, slots=True)
class TrailStanding:
    """What came of verifying the trail: `result` is `verified`, `tampered` or `unknown`; up to which commit
    of main, how many events, with which tag it ends, and what is wrong or can't be told, a line each."""

    result: str
    commit: str = ""
    events: int = 0
    head: str = ""
    said: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """What its badge shows."""
        return {"verified": "good", "tampered": "bad"}.get(self.result, "unknown")

    @property
    def words(self) -> str:
        """What its badge says."""
        match self.result:
            case "verified":
                return f"Trail verified at commit {self.commit[:12]}"
            case "tampered":
                return "The trail was tampered with"
        return "The trail can't be verified here"


def trail_standing(registry: Registry) -> TrailStanding:
    """Return whether the trail of a registry's repository holds, all of it."""
    try:
        verification = verify(registry.repository)
    except RollbookError as error:
        return TrailStanding("unknown", said=(str(error),))
    said = [item.message for item in verification.contradictions]
    said += [doubt.message for doubt in verification.doubts]
    head = verification.head.tag if verification.head else ""
    return TrailStanding(verification.result, verification.main, verification.events, head, tuple(said))
