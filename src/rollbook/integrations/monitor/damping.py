"""From what checks say to how versions stand: one bad scrape changes nothing, and a clock decides nothing.

A state is entered once it was seen `confirm` times in a row; a warning or a breach also for as long as `for`.
A worse state is left only when the figure is back within the bounds at which states are left, and not before
`cool_down` has passed in it. UNKNOWN never ends a breach.

Time is counted from run to run. A run that is earlier than the one before counts as no look at all. What lies
between two runs that are further apart than a day, or than two windows of the check, counts as no time. So a
clock that jumps opens, ends and hastens nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from rollbook.integrations.monitor.monitor_memory import Episode, Memory, Standing
from rollbook.integrations.monitor.outcome import State
from rollbook.names import moment_text
from rollbook.records.monitoring import CheckSettings, Monitoring

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from rollbook.integrations.monitor.outcome import Outcome, Subject

RECOVERED = "no check is in breach any more"
NOT_SERVING = "the version serves no more"
NOT_ASKED = "the checks in breach are asked no more"
# How long what is over is remembered, and how much of it.
_REMEMBERED = timedelta(days=90)
_MOST_ENDED = 1000
_LONGEST_STEP = timedelta(days=1)
_NOTHING = timedelta()


def damped(
    memory: Memory, outcomes: Sequence[Outcome], settings: Mapping[str, Monitoring], now: datetime
) -> Memory:
    """Return what is to be remembered once these outcomes were seen.

    `settings` names the models that were asked: of those, what has no outcome any more is forgotten, and an
    episode of it ends. What is remembered of other models stays as it is.
    """
    standings = {key: one for key, one in memory.standings.items() if one.model not in settings}
    subjects: dict[tuple[str, str], Subject] = {}
    for outcome in outcomes:
        subject = outcome.subject
        key = (subject.model, subject.version, outcome.check)
        monitoring = settings.get(subject.model, Monitoring())
        standings[key] = _stands(memory.standings.get(key), outcome, monitoring, now)
        subjects[subject.model, subject.version] = subject
    return Memory(standings, _episodes(memory, standings, subjects, settings, now))


def moved_by(memory: Memory, jump: timedelta) -> Memory:
    """Return what is remembered as by a clock that was put forward (or back, where negative) by `jump`, so
    that the time between runs stays what it was."""
    return replace(memory, standings={key: _moved(one, jump) for key, one in memory.standings.items()})


def _moved(standing: Standing, jump: timedelta) -> Standing:
    return replace(
        standing,
        seen=standing.seen + jump,
        candidate_since=standing.candidate_since + jump if standing.candidate_since else None,
        counted_from=(standing.counted_from or standing.since) + jump,
    )


def _stands(before: Standing | None, outcome: Outcome, monitoring: Monitoring, now: datetime) -> Standing:
    """Return how a version stands by a check after one more outcome."""
    check = next((one for one in monitoring.checks if one.name == outcome.check), None)
    check = check or CheckSettings(outcome.check, "", outcome.source)
    if before is None:
        subject = outcome.subject
        before = Standing(subject.model, subject.version, outcome.check, State.UNKNOWN, now, now)
        if outcome.state in (State.OK, State.UNKNOWN):
            return replace(before, state=outcome.state, message=outcome.message)
    elif now <= before.seen:
        # The same moment twice, or a clock that was put back: nothing new was seen.
        return _counting(before, now)
    else:
        before = _counting(before, now, max(_LONGEST_STEP, 2 * check.window))
    seen = replace(_with_sighting(before, outcome, now), seen=now)
    entered = _entered(seen, check, monitoring.cool_down, now)
    if entered.state is not seen.state:
        # What was seen just now may be worse or better still: that is the first time it was seen.
        entered = _with_sighting(entered, outcome, now)
    return replace(entered, message=_message(entered, outcome))


def _counting(standing: Standing, now: datetime, longest: timedelta = timedelta.max) -> Standing:
    """Return a standing whose times are moved on by what the clock jumped over since it was seen."""
    step = now - standing.seen
    if _NOTHING <= step <= longest:
        return standing
    return replace(_moved(standing, step), seen=now, since=min(standing.since, now))


def _with_sighting(standing: Standing, outcome: Outcome, now: datetime) -> Standing:
    """Return a standing with what was seen counted for its candidate."""
    target = _called_for(standing.state, outcome)
    if target is standing.state:
        return replace(standing, candidate=None, candidate_since=None, times=0)
    known = standing.candidate
    if known is None or known is target:
        candidate: State | None = target
    else:
        candidate = _both(standing.state, known, target)
    if known is None or candidate is None:
        return replace(standing, candidate=target, candidate_since=now, times=1)
    return replace(standing, candidate=candidate, times=standing.times + 1)


def _called_for(state: State, outcome: Outcome) -> State:
    """Return the state that an outcome calls for: what is worse, or what the bounds for leaving let go to."""
    if state is State.UNKNOWN or outcome.state is State.UNKNOWN:
        return outcome.state
    if outcome.state.badness >= state.badness or outcome.held is State.UNKNOWN:
        return outcome.state
    held = max(outcome.state, outcome.held, key=lambda one: one.badness)
    return min(state, held, key=lambda one: one.badness)


def _both(state: State, one: State, other: State) -> State | None:
    """Return the state that was seen both times at least; None where the two have nothing in common."""
    pair = sorted((one, other), key=lambda found: found.badness)
    if pair[0].badness > state.badness:
        return pair[0]
    if pair[1].badness < state.badness and State.UNKNOWN not in pair:
        return pair[1]
    return None


def _entered(standing: Standing, check: CheckSettings, cool_down: timedelta, now: datetime) -> Standing:
    """Return a standing in the state of its candidate, once that may be entered."""
    target, since = standing.candidate, standing.candidate_since
    if target is None or since is None or standing.times < check.confirm:
        return standing
    if target is State.UNKNOWN and standing.state is State.BREACH:
        return standing
    if target in (State.WARNING, State.BREACH) and now - since < check.lasting:
        return standing
    is_better = target.badness < standing.state.badness and standing.state is not State.UNKNOWN
    if is_better and now - (standing.counted_from or standing.since) < cool_down:
        return standing
    return replace(
        standing,
        state=target,
        since=now,
        counted_from=None,
        candidate=None,
        candidate_since=None,
        times=0,
    )


def _message(standing: Standing, outcome: Outcome) -> str:
    if standing.state is State.BREACH and standing.candidate is State.UNKNOWN and standing.candidate_since:
        return f"unknown since {moment_text(standing.candidate_since)}: {outcome.message}"
    return outcome.message


def _episodes(
    memory: Memory,
    standings: Mapping[tuple[str, str, str], Standing],
    subjects: Mapping[tuple[str, str], Subject],
    settings: Mapping[str, Monitoring],
    now: datetime,
) -> tuple[Episode, ...]:
    breaches: dict[tuple[str, str], list[str]] = {}
    for standing in standings.values():
        if standing.state is State.BREACH:
            breaches.setdefault((standing.model, standing.version), []).append(standing.check)
    episodes = [
        _gone_on(one, memory, breaches.get((one.model, one.version)), standings, subjects, now)
        if one.ended is None and one.model in settings
        else one
        for one in memory.episodes
    ]
    lasting = {(one.model, one.version) for one in episodes if one.ended is None}
    begun = [
        Episode(_id_of(subjects[about], now), *about, now, tuple(checks))
        for about, checks in breaches.items()
        if about in subjects and about not in lasting
    ]
    return _remembered([*episodes, *begun], now)


def _gone_on(
    episode: Episode,
    memory: Memory,
    checks: Sequence[str] | None,
    standings: Mapping[tuple[str, str, str], Standing],
    subjects: Mapping[tuple[str, str], Subject],
    now: datetime,
) -> Episode:
    """Return an episode that lasted, with the checks that are in breach now; ended where there are none."""
    if checks:
        return replace(episode, checks=tuple(dict.fromkeys((*episode.checks, *checks))))
    serves = (episode.model, episode.version) in subjects
    because = _why_over(memory, standings, episode) if serves else NOT_SERVING
    return replace(episode, ended=max(now, episode.started), because=because)


def _why_over(memory: Memory, standings: Mapping[tuple[str, str, str], Standing], episode: Episode) -> str:
    stood = [
        one.key
        for one in memory.standings.values()
        if (one.model, one.version) == (episode.model, episode.version) and one.state is State.BREACH
    ]
    return RECOVERED if any(key in standings for key in stood) else NOT_ASKED


def _id_of(subject: Subject, started: datetime) -> str:
    told = "\n".join([subject.model, subject.version, subject.artifact_sha256, started.isoformat()])
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _remembered(episodes: Sequence[Episode], now: datetime) -> tuple[Episode, ...]:
    """Return the episodes that last, and of those that are over the newest."""
    over = [one.id for one in episodes if one.ended is not None and now - one.ended <= _REMEMBERED]
    kept = frozenset(over[-_MOST_ENDED:])
    return tuple(one for one in episodes if one.ended is None or one.id in kept)
