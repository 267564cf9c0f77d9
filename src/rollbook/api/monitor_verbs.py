"""The verbs of the monitor: what production says of the versions that serve."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.api.usage_questions import UsedVersions
    from rollbook.integrations.monitor.outcome import Outcome
    from rollbook.registry.registry import Registry


@dataclass(frozen=True, slots=True)
class Watched:
    """What a run of the monitor saw, check by check."""

    at: datetime
    outcomes: Sequence[Outcome]

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {"at": self.at.isoformat(), "outcomes": [outcome.as_document() for outcome in self.outcomes]}


class MonitorVerbs:
    """What watches the versions that serve, as the policy's `monitoring` says."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def run(self, model: str | None = None) -> Watched:
        """Ask every check of every version that serves, or of one model's, once.

        Raises InvalidFile for a policy that can't be used, NotFound for an unknown model.
        """
        from rollbook.integrations.monitor.observing import observe

        now = datetime.now(UTC)
        return Watched(now, observe(self._registry, now, [model] if model else None))

    def usage(self, model: str | None = None) -> UsedVersions:
        """Return which versions serve or served last, for whom, and who says so: evidence, or the source that
        the policy's `monitoring.usage` names, which is asked. Of all models, or of one.

        Raises InvalidFile for settings that can't be used, NotFound for an unknown model.
        """
        from rollbook.api.usage_questions import used_versions

        return used_versions(self._registry, model, datetime.now(UTC))
