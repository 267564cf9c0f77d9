"""Whether the rules of retention let a version's artifact go, and if not, why it stays.

A pure function of the rules, the stages, the history of main, and what is known of the use of versions:
neither what a pull request says nor what stages.yaml says today can hide that a version once was in
production.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from rollbook.names import is_version, precedence
from rollbook.records.monitoring import monitoring_of
from rollbook.registry.served import Use

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from rollbook.records.policy import Policy
    from rollbook.records.retention import Retention
    from rollbook.records.stages import StageTable
    from rollbook.trail.stage_times import Stay


def _never_used(_version: str) -> Use:
    return Use()


@dataclass(frozen=True, slots=True)
class ModelStanding:
    """A model as it stands: its versions, those whose artifacts are removed already, its stages, each
    version's stays in stages as main's history has them, and what is known of its use."""

    versions: Sequence[str]
    removed: Collection[str]
    stages: StageTable
    stays: Callable[[str], Sequence[Stay]]
    use: Callable[[str], Use] = _never_used


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a version's artifact: whether it may go, and why (or why it stays)."""

    version: str
    stage: str
    goes: bool
    why: str


def fates(policy: Policy, rules: Retention, model: ModelStanding, now: datetime) -> list[Fate]:
    """Return the fate of each version of a model that has its artifact still, oldest first.

    `rules` are the policy's retention with the model's own.
    """
    versions = sorted((name for name in model.versions if is_version(name)), key=precedence)
    remaining = [name for name in versions if name not in model.removed]
    court = _Court(policy, rules, model, now, _newest(versions), _recent(rules, model, remaining))
    return [court.fate(name) for name in remaining]


def lately(policy: Policy, rules: Retention) -> timedelta:
    """Return for how long a version must not have served before its artifact goes: the longest that the rules
    keep one for, and that the policy's `monitoring.usage` looks at. Raises InvalidFile for the latter."""
    usage = monitoring_of(policy).usage
    days = timedelta(days=max(rules.keep_days, rules.days_there))
    return days if usage is None else max(days, usage.window)


def _newest(versions: Sequence[str]) -> str | None:
    """Return what `@latest` stands for."""
    releases = [name for name in versions if "-" not in name]
    return next(reversed(releases or versions), None)


def _recent(rules: Retention, model: ModelStanding, held: Sequence[str]) -> frozenset[str]:
    """Return the newest unpromoted versions, as many as the rules keep."""
    unpromoted = [name for name in held if not _promoted(rules, model.stays(name))]
    return frozenset(unpromoted[-rules.keep_unpromoted :] if rules.keep_unpromoted else unpromoted)


def _promoted(rules: Retention, stays: Sequence[Stay]) -> bool:
    """Whether a version ever was in a stage beyond the one it began in and those that versions go from."""
    return any(stay.stage not in rules.remove_from for stay in stays[1:])


@dataclass(frozen=True, slots=True)
class _Court:
    """What the versions of one model are judged by."""

    policy: Policy
    rules: Retention
    model: ModelStanding
    now: datetime
    newest: str | None
    recent: frozenset[str]

    def fate(self, version: str) -> Fate:
        entry = self.model.stages.entry_of(version)
        stage = entry.stage if entry else self.policy.first_stage.name
        reason = self._kept(version, stage)
        why = reason or f"{stage} for {self._days_there(version):.0f} days, never in {self._keeping()}"
        return Fate(version, stage, not reason, why)

    def _kept(self, version: str, stage: str) -> str:
        """Why a version stays; empty when it may go."""
        return (
            self._by_rule()
            or self._by_name(version)
            or self._by_stage(version, stage)
            or self._by_time(version, stage)
            or self._by_number(version)
            or self._by_use(version)
        )

    def _by_rule(self) -> str:
        return "" if self.rules.keep_unpromoted else "the rules of retention let nothing go"

    def _by_name(self, version: str) -> str:
        if version == self.newest:
            return "it is the newest version"
        table = self.model.stages
        for alias, named in table.aliases.items():
            if named == version:
                return f"the alias {alias} names it"
        for entry in table.entries:
            if entry.replacement.rpartition("@")[2].removeprefix("v") == version:
                return f"{entry.version} names it as its replacement"
        return ""

    def _by_stage(self, version: str, stage: str) -> str:
        in_policy = self.policy.has_stage(stage)
        if stage not in self.rules.remove_from or (in_policy and self.policy.stage(stage).exclusive):
            return f"it is in {stage}; artifacts go from {' or '.join(self.rules.remove_from)}"
        stays = self.model.stays(version)
        if not stays or stays[-1].left is not None or stays[-1].stage != stage:
            return f"main's history does not tell how it came into {stage}"
        for stay in stays:
            if stay.stage in self.rules.keep_stages:
                return f"it was in {stay.stage}"
        return ""

    def _by_time(self, version: str, stage: str) -> str:
        registered = self.model.stays(version)[0].entered
        if self._days_since(registered) < self.rules.keep_days:
            return f"it was registered less than {self.rules.keep_days} days ago"
        if self._days_there(version) < self.rules.days_there:
            return f"it has been in {stage} for less than {self.rules.days_there} days"
        return ""

    def _by_number(self, version: str) -> str:
        count = self.rules.keep_unpromoted
        return f"it is among the {count} newest unpromoted versions" if version in self.recent else ""

    def _by_use(self, version: str) -> str:
        days = lately(self.policy, self.rules)
        use = self.model.use(version)
        if not use.within(self.now - days):
            return ""
        if use.served is None or (use.unknown and not use.served.targets):
            return f"nobody can tell whether it still serves: {use.unknown}"
        if use.served.targets:
            return f"it runs on {', '.join(use.served.targets)} ({use.served.told_by})"
        day = use.served.at.astimezone(UTC).date()
        return f"it served on {day} ({use.served.told_by}), less than {days.days} days ago"

    def _days_there(self, version: str) -> float:
        return self._days_since(self.model.stays(version)[-1].entered)

    def _days_since(self, moment: datetime) -> float:
        # Events that land at once are dated a second apart, so that the last may lie ahead.
        return max(0.0, (self.now - moment) / timedelta(days=1))

    def _keeping(self) -> str:
        return " or ".join(self.rules.keep_stages) or "a stage that keeps"
