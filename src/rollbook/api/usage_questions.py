"""What the verbs learn of the use of versions from the source that main's policy names.

Main's policy alone says which: a branch that waits for review, and a repository that is read at its address,
may be anybody's, and a source reads files, runs programs and opens addresses of this machine.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rollbook.errors import RollbookError
from rollbook.git.clone import is_at_address
from rollbook.names import moment_text
from rollbook.registry.main_branch import any_main_commit
from rollbook.registry.registry import Registry
from rollbook.registry.served import Use
from rollbook.retention.stale import parse_span, stale_versions, still_stale
from rollbook.retention.subjects import known_use, served_by_evidence, use_on_record
from rollbook.snapshot.tree_snapshot import commit_snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.propose.promotion import ProposedMove
    from rollbook.propose.pruning import Pruning
    from rollbook.registry.served import Usage
    from rollbook.retention.accounting import StorageReport
    from rollbook.retention.stale import StaleVersions


@dataclass(frozen=True, slots=True)
class UsedVersion:
    """A version, its stage, and what is known of its use."""

    model: str
    version: str
    stage: str
    use: Use

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON data."""
        served = self.use.served
        return {
            "model": self.model,
            "version": self.version,
            "stage": self.stage,
            "served": served.as_document() if served else None,
            "unknown": self.use.unknown or None,
        }


@dataclass(frozen=True, slots=True)
class UsedVersions:
    """What is known of the use of versions at a moment, model by model."""

    at: datetime
    versions: Sequence[UsedVersion]

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "at": moment_text(self.at),
            "versions": [version.as_document() for version in self.versions],
        }


def usage_of(
    registry: Registry, versions: Sequence[tuple[str, str]], span: timedelta, now: datetime
) -> Usage:
    """Return what the source of main's `monitoring.usage` tells of versions (model, version) over `span`;
    nothing where the policy has no such block.

    Where the registry is read at its address, nobody is asked, and all is unknown. Raises InvalidFile for
    settings that can't be used, NotFound where there is no main.
    """
    if not versions:
        return {}
    repository = registry.repository
    with Registry(repository, commit_snapshot(repository, any_main_commit(repository))) as main:
        policy = main.policy
    if not policy.monitoring.get("usage"):
        return {}
    if is_at_address(repository):
        why = "a registry that is read at its address has its source asked in a clone alone"
        return dict.fromkeys(versions, Use(unknown=why))
    from rollbook.integrations.monitor.usage import ask_usage

    return ask_usage(registry, policy, versions, span, now)


def listed_stale(
    registry: Registry, stale: str, models: Sequence[str] | None, *, usage: bool, now: datetime | None
) -> StaleVersions:
    """Return the versions that are stale since a span such as `90d`, also by what sources tell where `usage`
    is asked for."""
    span, now = parse_span(stale), now or datetime.now(UTC)
    listed = stale_versions(registry, span, models, now=now)
    asked = _usage_of_stale(registry, listed, span, now) if usage else {}
    return still_stale(listed, asked, span, now) if asked else listed


def accounted(registry: Registry, cold: str | None, *, usage: bool, now: datetime | None) -> StorageReport:
    """Return what the artifacts take; with `cold`, which of them nothing used for that span, also by what
    sources tell where `usage` is asked for."""
    from rollbook.retention.accounting import storage_report

    now, span = now or datetime.now(UTC), None if cold is None else parse_span(cold)
    asked: Usage = {}
    if span is not None and usage:
        asked = _usage_of_stale(registry, stale_versions(registry, span, now=now), span, now)
    return storage_report(registry, cold=span, now=now, usage=asked)


def _usage_of_stale(registry: Registry, listed: StaleVersions, span: timedelta, now: datetime) -> Usage:
    return usage_of(registry, [(stale.model, stale.version) for stale in listed], span, now)


def usage_of_going(registry: Registry, plan: Pruning, now: datetime) -> Usage:
    """Return what sources tell of the versions whose artifacts would go, for as long as the rules look
    back."""
    return usage_of(registry, [(item.model, item.fate.version) for item in plan.goes], plan.looks_back, now)


def used_versions(registry: Registry, model: str | None, now: datetime) -> UsedVersions:
    """Return what is known, by evidence and by sources, of the use of those versions that served, that ought
    to, or of which nobody can tell: of all models, or of one. Raises NotFound for an unknown model."""
    models = registry.models() if model is None else [registry.model(model)]
    versions = [(one.name, version) for one in models for version in one.version_names]
    asked = usage_of(registry, versions, timedelta(), now)
    on_record = served_by_evidence(registry, now)
    ought_to_serve = {
        (one.name, entry.version)
        for one in models
        for stage in registry.policy.stages
        if stage.exclusive
        for entry in one.stages.holders(stage.name)
    }
    found = []
    for one in models:
        for version in one.version_names:
            use = known_use(on_record, asked, one.name, version)
            if use != Use() or (one.name, version) in ought_to_serve:
                entry = one.stages.entry_of(version)
                stage = entry.stage if entry else registry.policy.first_stage.name
                found.append(UsedVersion(one.name, version, stage, use))
    return UsedVersions(now, found)


def with_use(registry: Registry, proposed: ProposedMove) -> ProposedMove:
    """Return what was proposed with what is known of the use of the version that moves last.

    That is told, and holds nothing up: where it can't be found out, that is said.
    """
    version, now = proposed.moves[-1].version, datetime.now(UTC)
    try:
        asked = usage_of(registry, [(proposed.model, version)], timedelta(), now)
        use = known_use(use_on_record(registry.model(proposed.model), now), asked, proposed.model, version)
    except RollbookError as error:
        use = Use(unknown=str(error))
    return replace(proposed, use=use)
