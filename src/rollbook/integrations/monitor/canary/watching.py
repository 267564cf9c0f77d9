"""Watching the canaries of a registry once: comparing each, and doing what follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollbook.integrations.monitor.canary.canary_comparison import compare_canaries
from rollbook.integrations.monitor.canary.following import Followed, follow
from rollbook.integrations.monitor.canary.sequential_test import Verdict
from rollbook.names import moment_text
from rollbook.records.monitoring import monitoring_of
from rollbook.registry.main_branch import published_commit
from rollbook.registry.registry import Registry
from rollbook.snapshot.tree_snapshot import commit_snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rollbook.git.repository import Repository
    from rollbook.integrations.monitor.canary.canary_comparison import Comparison


@dataclass(frozen=True, slots=True)
class WatchedCanary:
    """A canary: how it compares with production, and what followed."""

    comparison: Comparison
    followed: Followed

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            **self.comparison.as_document(),
            "deeds": [*self.followed.deeds],
            "problem": self.followed.problem or None,
        }


@dataclass(frozen=True, slots=True)
class WatchedCanaries:
    """What a run of the monitor saw of canaries, and did."""

    at: datetime
    canaries: Sequence[WatchedCanary]

    @property
    def has_problem(self) -> bool:
        """Whether something that the policy asks for could not be done."""
        return any(one.followed.problem for one in self.canaries)

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON data."""
        at = moment_text(self.at)
        return {"at": at, "canaries": [one.as_document() for one in self.canaries]}


def watch_canaries(
    repository: Repository, now: datetime, models: Sequence[str] | None = None, *, dry_run: bool = False
) -> WatchedCanaries:
    """Compare the canaries of all models, or of these, with production as main has them, and do what the
    policy lets the monitor do; with `dry_run` say that alone.

    Raises InvalidFile for settings that can't be used, NotFound for an unknown model.
    """
    base = published_commit(repository)
    with Registry(repository, commit_snapshot(repository, base)) as registry:
        comparisons = compare_canaries(registry, base, now, models)
        done = [
            WatchedCanary(one, _followed(registry, repository, one, dry_run=dry_run)) for one in comparisons
        ]
    return WatchedCanaries(now, done)


def _followed(
    registry: Registry, repository: Repository, comparison: Comparison, *, dry_run: bool
) -> Followed:
    if comparison.verdict not in (Verdict.PROMOTE, Verdict.STOP):
        return Followed()
    monitoring = monitoring_of(registry.policy, registry.model(comparison.model).record)
    return follow(repository, comparison, monitoring, dry_run=dry_run)
