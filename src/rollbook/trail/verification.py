"""What came of verifying the trail, as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.trail.contradiction import Contradiction
    from rollbook.trail.head import Head
    from rollbook.trail.tag_signers import Signers

_RESULTS: Mapping[str, int] = {"verified": 0, "tampered": 1, "unknown": 3}


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that can't be told from what there is, and what would help."""

    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of verifying: how many events were compared, up to which commit of main, everything that is
    wrong, everything that can't be told, who signed, and the head, where nothing but warnings is found.
    `pinned` are the names of the tags that models were taken over with, which main pins."""

    main: str
    events: int
    contradictions: tuple[Contradiction, ...]
    doubts: tuple[Doubt, ...]
    signers: Signers
    head: Head | None
    pinned: frozenset[str] = frozenset()

    @property
    def result(self) -> Literal["verified", "tampered", "unknown"]:
        """What came of it, in one word."""
        if any(item.severity == "error" for item in self.contradictions):
            return "tampered"
        return "unknown" if self.doubts else "verified"

    @property
    def exit_code(self) -> int:
        """0 verified, 1 tampered with, 3 can't tell."""
        return _RESULTS[self.result]

    def as_document(self) -> dict[str, Any]:
        """Return the verification as JSON data."""
        return {
            "result": self.result,
            "main": self.main,
            "events": self.events,
            "signed": [{"by": name, "tags": count} for name, count in self.signers.tags.items()],
            "unsigned": self.signers.unsigned,
            "head": asdict(self.head) if self.head else None,
            "findings": [asdict(item) for item in self.contradictions],
            "doubts": [asdict(doubt) for doubt in self.doubts],
        }
