"""What the monitor would have seen and done over a past period, by the checks that the policy has now."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rollbook.artifact.progress import begin, quiet
from rollbook.errors import BadCall, InvalidFile, NotFound
from rollbook.integrations.monitor.breach.past_rollbacks import past_rollbacks
from rollbook.integrations.monitor.damping import damped
from rollbook.integrations.monitor.monitor_memory import Memory
from rollbook.integrations.monitor.observing import judged, serving, subject_of
from rollbook.integrations.monitor.outcome import State, Window
from rollbook.integrations.monitor.replay.imagined_deeds import ImaginedDeeds
from rollbook.integrations.monitor.replay.past_main import PastMain
from rollbook.integrations.monitor.replay.past_source import PastSources
from rollbook.integrations.monitor.replay.replay_period import moments_of
from rollbook.integrations.monitor.replay.replay_result import (
    Look,
    PastEpisode,
    Replay,
    StateChange,
    Track,
)
from rollbook.names import moment_text
from rollbook.records.evidence import MONITORING
from rollbook.records.monitoring import monitoring_of
from rollbook.registry.main_branch import published_commit
from rollbook.registry.registry import Registry
from rollbook.snapshot.tree_snapshot import commit_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from rollbook.artifact.progress import Progress
    from rollbook.git.repository import Repository
    from rollbook.integrations.monitor.outcome import Outcome
    from rollbook.records.monitoring import CheckSettings, Monitoring
    from rollbook.records.policy import Policy
    from rollbook.registry.model_version import ModelVersion

# What all is looked at: checks, models and steps together.
_MOST_LOOKS = 500_000
_CURRENT_CHECKS = "past figures are held against the checks that the policy has now, not those of then"
_NO_OTHER_PAST = (
    "what follows a rollback is not imagined: the figures stay those of the versions that really served"
)


def replay(
    repository: Repository,
    period: Window,
    step: timedelta,
    models: Sequence[str] | None = None,
    policy: tuple[str, Policy] | None = None,
    progress: Progress = quiet,
) -> Replay:
    """Look at a period again, step by step: at each, ask what each check would have been told of the versions
    that main had in its stages then, over the window that ended then.

    `policy` is another policy than main's, and what to call it. Nothing is written. Raises InvalidFile for
    settings that can't be used, NotFound for an unknown model, BadCall for more looks than can be afforded.
    """
    moments = moments_of(period, step)
    tip = published_commit(repository)
    name, rules = policy or ("main", None)
    with ExitStack() as stack:
        present = stack.enter_context(Registry(repository, commit_snapshot(repository, tip)))
        past = stack.enter_context(PastMain(repository, tip))
        settings = _settings(present, models, rules)
        _require_few(len(moments), settings)
        begin(progress, "replaying", len(moments))
        moves = past.moves(list(settings))
        made = {name: past_rollbacks(repository, tip, name) for name in settings}
        run = _Run(present, settings, ImaginedDeeds(moves, made))
        sources = PastSources(stack, Window(moments[0], moments[-1]), step)
        for moment in moments:
            registry = past.registry_at(moment)
            if registry is not None:
                run.look(registry, sources, moment)
            progress(1)
        episodes = tuple(_with_evidence(present, episode, step) for episode in run.episodes.values())
    tracks = tuple(Track(*key[:2], run.checks[key], looks) for key, looks in sorted(run.looks.items()))
    in_period = tuple(move for move in moves if period.start <= move.at <= period.end)
    notes = (_CURRENT_CHECKS, _NO_OTHER_PAST, *run.notes)
    return Replay(period, step, name, len(moments), tracks, run.changes, episodes, in_period, notes, tip)


def _require_few(steps: int, settings: Mapping[str, Monitoring]) -> None:
    looks = steps * sum(len(monitoring.checks) for monitoring in settings.values())
    if looks > _MOST_LOOKS:
        raise BadCall(
            f"{looks:,} looks of checks are too many: {_MOST_LOOKS:,} are the most",
            hint="Give a longer --step, a shorter period, or one MODEL.",
        )


def _settings(
    registry: Registry, models: Sequence[str] | None, rules: Policy | None
) -> dict[str, Monitoring]:
    """Return what is monitored of each model as main has it now, of those of which something is."""
    asked = [registry.model(name) for name in models] if models else registry.models()
    all_settings = {model.name: monitoring_of(rules or registry.policy, model.record) for model in asked}
    return {name: monitoring for name, monitoring in all_settings.items() if monitoring.checks}


@dataclass(slots=True)
class _Run:
    """A replay while it goes on: what is remembered from one look to the next, and what was found. `present`
    is main as it is."""

    present: Registry
    settings: Mapping[str, Monitoring]
    deeds: ImaginedDeeds
    memory: Memory = field(default_factory=Memory)
    looks: dict[tuple[str, str, str], list[Look]] = field(default_factory=dict)
    checks: dict[tuple[str, str, str], CheckSettings] = field(default_factory=dict)
    changes: list[StateChange] = field(default_factory=list)
    episodes: dict[str, PastEpisode] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)

    def look(self, registry: Registry, sources: PastSources, moment: datetime) -> None:
        """Look at one moment: ask, damp, and see what began, changed and ended."""
        outcomes = []
        for version, check in self._asked(registry, moment):
            subject = subject_of(version)
            named = self.settings[subject.model].sources
            outcomes.append(judged(check, self._known(version), named, sources, moment, subject))
            self.checks.setdefault((subject.model, subject.version, check.name), check)
        before, self.memory = self.memory, damped(self.memory, outcomes, self.settings, moment)
        for outcome in outcomes:
            self._keep(outcome, before, moment)
        for episode in self.memory.episodes:
            known = self.episodes.get(episode.id)
            if known is not None:
                self.episodes[episode.id] = replace(known, episode=episode)
                continue
            in_breach = {
                one.version
                for one in self.memory.standings.values()
                if one.model == episode.model and one.state is State.BREACH
            }
            monitoring = self.settings[episode.model]
            done = self.deeds.about(episode, registry.model(episode.model), monitoring, in_breach)
            self.episodes[episode.id] = PastEpisode(episode, *done)

    def _known(self, version: ModelVersion) -> ModelVersion:
        """Return a version with all that is known of it by now: a check is tried with a reference sample that
        was filed since."""
        try:
            return self.present.model(version.model.name).version(version.version)
        except NotFound:
            return version

    def _asked(self, registry: Registry, moment: datetime) -> Iterator[tuple[ModelVersion, CheckSettings]]:
        """Yield the versions in the stages of checks as main had them, each with the check. What main had
        there that nobody can read is passed over, and noted."""
        for name, monitoring in self.settings.items():
            try:
                if not registry.has_model(name):
                    continue
                model = registry.model(name)
                asked = [(one, check) for check in monitoring.checks for one in serving(model, check)]
                for version, _ in asked:
                    subject_of(version)
            except (InvalidFile, NotFound) as error:
                self.notes.setdefault(
                    f"{name} can't be read as main had it on {moment_text(moment)}: {error}"
                )
                continue
            yield from asked

    def _keep(self, outcome: Outcome, before: Memory, moment: datetime) -> None:
        subject = outcome.subject
        key = subject.model, subject.version, outcome.check
        standing, known = self.memory.standings[key], before.standings.get(key)
        look = Look(
            moment,
            outcome.state,
            standing.state,
            outcome.value,
            outcome.samples,
            outcome.message,
            outcome.bound,
            outcome.figures.get("baseline"),
        )
        self.looks.setdefault(key, []).append(look)
        if known is None or known.state is not standing.state:
            was = known.state if known else None
            self.changes.append(StateChange(moment, *key, was, standing.state, outcome.message))


def _with_evidence(registry: Registry, past: PastEpisode, step: timedelta) -> PastEpisode:
    """Return an episode with the evidence of monitoring that main has of its version from that time."""
    episode = past.episode
    try:
        evidence = registry.model(episode.model).version(episode.version).evidence()
        names = tuple(
            one.name
            for one in evidence
            if one.kind == MONITORING
            and episode.started - step <= one.moment
            and (episode.ended is None or one.moment <= episode.ended + step)
        )
    except (InvalidFile, NotFound):
        return past
    return replace(past, evidence=names)
