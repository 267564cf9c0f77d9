"""One run of the monitor: read main, ask production, damp, remember, and do what an episode calls for.

What was seen is kept before anything is done, and each deed after it was done; a deed looks on main for what
stands there already. So a run that is killed anywhere leaves to the next one what is missing, and no more.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from rollbook.errors import Conflict, GitFailed, InvalidFile, RollbookError
from rollbook.git.refs import fetch
from rollbook.integrations.monitor.damping import damped, moved_by
from rollbook.integrations.monitor.memory_store import MemoryStore
from rollbook.integrations.monitor.monitor_memory import ENDED
from rollbook.integrations.monitor.monitor_run import DeedDone, MonitorRun
from rollbook.integrations.monitor.observing import observe
from rollbook.records.monitoring import Monitoring, monitoring_of
from rollbook.registry.main_branch import has_remote, published_commit, remote_name
from rollbook.registry.registry import Registry
from rollbook.snapshot.tree_snapshot import commit_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime, timedelta

    from rollbook.git.repository import Repository
    from rollbook.integrations.monitor.monitor_memory import Episode, Memory
    from rollbook.integrations.monitor.outcome import Outcome


class Act(Protocol):
    """Whatever does what an episode calls for."""

    def __call__(
        self,
        repository: Repository,
        episode: Episode,
        outcomes: Sequence[Outcome],
        monitoring: Monitoring,
        now: datetime,
        remember: Callable[[Episode], None],
        *,
        in_breach: Collection[str],
    ) -> Episode:
        """Do the deeds that an episode lacks, have each remembered, and return the episode with them.
        `in_breach` are the other versions of its model that are in breach too."""


class _StopsActing(Exception):
    """Whoever acts shall do no more: another monitor was first, or somebody asks this one to end."""


def run_once(
    repository: Repository,
    now: datetime,
    models: Sequence[str] | None = None,
    *,
    dry_run: bool = False,
    jumped: timedelta | None = None,
    is_ending: Callable[[], bool] = lambda: False,
    act: Act | None = None,
) -> MonitorRun:
    """Look once at all versions that serve, or at those of `models`, and act on what is in breach.

    `dry_run` changes and remembers nothing. `jumped` is by how much the clock is known to have jumped since
    the run before. Once `is_ending` says so, the deed under way is the last one. `act` does what an episode
    calls for. Raises InvalidFile for a policy that can't be used, NotFound for an unknown model, Conflict
    while another monitor is at work in this clone. A remote or a source that is away is a problem of the
    run's, no error.
    """
    store = MemoryStore(repository, read_only=dry_run)
    with store.locked():
        main = _main(repository, store.problems)
        with Registry(repository, commit_snapshot(repository, main)) as registry:
            memory = store.recall()
            if jumped:
                memory = moved_by(memory, jumped)
            unwatched: dict[str, RollbookError] = {}
            settings = _settings(registry, memory, models, unwatched)
            asked = [name for name, monitoring in settings.items() if monitoring.checks]
            outcomes = observe(registry, now, asked, unwatched=unwatched) if asked else ()
        settings = {name: one for name, one in settings.items() if name not in unwatched}
        store.problems += [f"{name} is not watched: {error}" for name, error in unwatched.items()]
        lasted = {one.id for one in memory.episodes if one.ended is None}
        memory = damped(memory, outcomes, settings, now)
        acting = _Acting(repository, store, outcomes, settings, now, is_ending, act)
        memory, done = (memory, ()) if dry_run else acting.on(memory)
        names = {*settings, *unwatched}
        standings = [memory.standings[key] for key in sorted(memory.standings) if key[0] in names]
        told = (one for one in memory.episodes if one.ended is None or one.id in lasted)
        episodes = [one for one in told if one.model in names]
        problems = tuple(store.problems)
        return MonitorRun(now, main, outcomes, standings, episodes, done, problems, tuple(unwatched), dry_run)


class _Acting:
    """Doing what episodes call for, each deed remembered before the next one."""

    def __init__(
        self,
        repository: Repository,
        store: MemoryStore,
        outcomes: Sequence[Outcome],
        settings: Mapping[str, Monitoring],
        now: datetime,
        is_ending: Callable[[], bool],
        act: Act | None,
    ) -> None:
        self._repository = repository
        self._store = store
        self._outcomes = outcomes
        self._settings = settings
        self._now = now
        self._is_ending = is_ending
        self._act = act

    def on(self, memory: Memory) -> tuple[Memory, Sequence[DeedDone]]:
        """Keep a memory and act on its episodes; return what is remembered then, and what was done."""
        if self._store.is_claimed(self._now):
            self._store.problems.append("a monitor in another clone acts now: nothing is done here")
            return memory, ()
        waiting = [one for one in memory.episodes if self._is_waiting(one)]
        try:
            self._store.keep(memory, claimed=self._now if waiting else None)
        except Conflict:
            return self._read_anew(), ()
        if not waiting:
            return memory, ()
        self._memory = memory
        act = self._act or _own_act()
        try:
            for episode in waiting:
                self._on_episode(episode, act)
            self._store.keep(self._memory)
        except (_StopsActing, Conflict):
            if not self._is_ending():
                self._memory = self._read_anew()
                return self._memory, _deeds(memory, self._memory)
            with suppress(Conflict):
                self._store.keep(self._memory)  # without the claim: others may go on
        return self._memory, _deeds(memory, self._memory)

    def _on_episode(self, episode: Episode, act: Act) -> None:
        if self._is_ending():
            raise _StopsActing
        about = (episode.model, episode.version)
        seen = [one for one in self._outcomes if (one.subject.model, one.subject.version) == about]
        monitoring = self._settings[episode.model]
        try:
            after = act(
                self._repository,
                episode,
                seen,
                monitoring,
                self._now,
                self._remember,
                in_breach=self._others_in_breach(episode),
            )
        except RollbookError as error:
            hint = f" {error.hint}" if error.hint else ""
            self._store.problems.append(f"{episode.model}@{episode.version}: {error}.{hint}")
            return
        self._remember(after)

    def _remember(self, episode: Episode) -> None:
        episodes = tuple(episode if one.id == episode.id else one for one in self._memory.episodes)
        if episodes == self._memory.episodes:
            return
        self._memory = replace(self._memory, episodes=episodes)
        try:
            self._store.keep(self._memory, claimed=self._now)
        except Conflict as error:
            raise _StopsActing from error
        if self._is_ending():
            raise _StopsActing

    def _read_anew(self) -> Memory:
        self._store.problems.append(
            "a monitor in another clone was first: it acts, nothing more is done here"
        )
        return self._store.recall()

    def _others_in_breach(self, episode: Episode) -> Collection[str]:
        lasting = [one for one in self._memory.episodes if one.ended is None and one.id != episode.id]
        return {one.version for one in lasting if one.model == episode.model}

    def _is_waiting(self, episode: Episode) -> bool:
        is_over = episode.ended is not None and ENDED in episode.deeds
        return episode.model in self._settings and not is_over


def _own_act() -> Act:
    # What proposes and lands is loaded when it is needed.
    from rollbook.integrations.monitor.acting import act

    return act


def _main(repository: Repository, problems: list[str]) -> str:
    """Return the commit of main that everybody has; that known last, where the remote is away."""
    if has_remote(repository):
        try:
            fetch(repository, remote_name(repository))
        except GitFailed as error:
            problems.append(f"main is read as it was known last: {error}")
    return published_commit(repository)


def _settings(
    registry: Registry, memory: Memory, models: Sequence[str] | None, unwatched: dict[str, RollbookError]
) -> dict[str, Monitoring]:
    """Return what is asked of each model; nothing of those that are remembered and are no more. A model whose
    own settings can't be used is put among the `unwatched`, and stays as it stood."""
    usual = monitoring_of(registry.policy)
    named = [registry.model(name) for name in models or ()]
    # A policy that says nothing names no source: nobody can be asked.
    watched = (named if models else registry.models()) if registry.policy.monitoring else ()
    settings: dict[str, Monitoring] = {}
    for model in watched:
        try:
            settings[model.name] = monitoring_of(registry.policy, model.record)
        except InvalidFile as error:
            unwatched[model.name] = error
    remembered = {key[0] for key in memory.standings} | {one.model for one in memory.episodes}
    asked = set(models) if models else remembered
    over = [name for name in sorted(remembered & asked) if name not in settings and name not in unwatched]
    return {**settings, **dict.fromkeys(over, replace(usual, checks=()))}


def _deeds(before: Memory, after: Memory) -> list[DeedDone]:
    known = {one.id: one.deeds for one in before.episodes}
    return [
        DeedDone(one.model, one.version, one.id, name, result)
        for one in after.episodes
        for name, result in one.deeds.items()
        if name != ENDED and known.get(one.id, {}).get(name) != result
    ]
