"""A gate of the team's own, in a package of its own: a version says what is new about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.check.gates.gate import failed, passed

if TYPE_CHECKING:
    from rollbook.check.gates.gate import Promotion, Verdict
    from rollbook.records.fields import Fields


class ChangelogGate:
    """`{gate: plug-in, to: [canary], name: changelog, settings: {least: 20}}`"""

    sentence = "The version's description says what is new about it."

    def verdict(self, settings: Fields, promotion: Promotion) -> Verdict:
        """Whether the description has at least as many characters as `least` says."""
        least = settings.integer("least")
        length = len(promotion.manifest.description.strip()) if promotion.manifest else 0
        threshold = f"a description of at least {least} characters"
        if length < least:
            return failed(f"{length} characters", threshold, "Register a version with --description.")
        return passed(f"{length} characters", threshold)
