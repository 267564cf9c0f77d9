"""A version that goes out of use: since when, why, what to use instead, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.names import DEPRECATED

if TYPE_CHECKING:
    from rollbook.records.stages import StageEntry


@dataclass(frozen=True, slots=True)
class Deprecation:
    """What an entry of `stages.yaml` says of a version that goes out of use; what it doesn't say is empty.

    `since` is RFC 3339 text, `replacement` a reference such as `credit-approval@2.0.0`, `sunset` the last day
    (`2027-03-01`), `migration` what its users have to do.
    """

    since: str
    reason: str
    replacement: str
    sunset: str
    migration: str

    def warning(self, version: str) -> str:
        """Return what to tell those who use `version` (`credit-approval@1.0.0`), in one line."""
        parts = [f"{version} is deprecated"]
        if self.since:
            parts[0] += f" since {self.since[:10]}"
        if self.reason:
            parts[0] += f" ({self.reason})"
        if self.sunset:
            parts.append(f"it goes on {self.sunset}")
        if self.replacement:
            parts.append(f"use {self.replacement} instead")
        if self.migration:
            parts.append(self.migration)
        return "; ".join(parts)

    def as_document(self) -> dict[str, str | None]:
        """Return the deprecation as JSON data: null for what isn't said."""
        return {
            "since": self.since or None,
            "reason": self.reason or None,
            "replacement": self.replacement or None,
            "sunset": self.sunset or None,
            "migration": self.migration or None,
        }


def deprecation_of(model: str, entry: StageEntry | None) -> Deprecation | None:
    """How a version of `model` is deprecated, by its entry; None when it isn't.

    It is in the stage `deprecated`, or in another from an entry that names a replacement or a sunset.
    """
    if entry is None or not (entry.stage == DEPRECATED or entry.replacement or entry.sunset):
        return None
    replacement = entry.replacement
    if replacement and "@" not in replacement:
        replacement = f"{model}@{replacement}"
    return Deprecation(entry.requested_at, entry.reason, replacement, entry.sunset, entry.migration)
