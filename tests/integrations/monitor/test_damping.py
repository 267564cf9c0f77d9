"""How versions stand: when a state is entered and left, what a clock may do, and when an episode lasts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollbook.integrations.monitor.damping import NOT_ASKED, NOT_SERVING, RECOVERED, damped, moved_by
from rollbook.integrations.monitor.monitor_memory import Episode, Memory, Standing
from rollbook.integrations.monitor.outcome import Outcome, State, Subject, Window
from rollbook.records.monitoring import CheckSettings, Monitoring

OK, WARNING, BREACH, UNKNOWN = State.OK, State.WARNING, State.BREACH, State.UNKNOWN
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ERRORS = CheckSettings("errors", "threshold", "live")


def outcome(
    state: State, held: State | None = None, *, check: str = "errors", version: str = "1.0.0"
) -> Outcome:
    subject = Subject("fraud", version, "production", "ab" * 32)
    window = Window(NOON - HOUR, NOON)
    return Outcome(subject, check, state, held or state, window, "live", message=f"says {state.value}")


class Watch:
    """A version that is looked at every five minutes, unless told otherwise."""

    def __init__(self, *checks: CheckSettings, cool_down: timedelta = timedelta()) -> None:
        self.settings = {"fraud": Monitoring(checks=checks or (ERRORS,), cool_down=cool_down)}
        self.memory = Memory()
        self.now = NOON

    def see(self, *outcomes: Outcome | State, after: timedelta = 5 * MINUTE) -> Watch:
        self.now += after
        told = [one if isinstance(one, Outcome) else outcome(one) for one in outcomes]
        self.memory = damped(self.memory, told, self.settings, self.now)
        return self

    def each(self, *states: State) -> Watch:
        for state in states:
            self.see(state)
        return self

    @property
    def standing(self) -> Standing:
        return self.memory.standings["fraud", "1.0.0", "errors"]

    @property
    def open(self) -> list[Episode]:
        return [one for one in self.memory.episodes if one.ended is None]

    @property
    def state(self) -> State:
        return self.standing.state


class TestStates:
    def test_what_is_seen_first_is_ok_at_once_but_no_breach(self) -> None:
        assert Watch().see(OK).state is OK
        assert Watch().see(UNKNOWN).state is UNKNOWN
        assert Watch().see(BREACH).state is UNKNOWN

    def test_a_state_is_entered_when_it_was_seen_as_often_in_a_row_as_asked(self) -> None:
        watch = Watch(replace(ERRORS, confirm=3)).each(OK, BREACH, BREACH)
        assert watch.state is OK
        assert (watch.standing.candidate, watch.standing.times) == (BREACH, 2)
        assert watch.see(BREACH).state is BREACH
        assert watch.standing.since == watch.now

    def test_one_bad_scrape_changes_nothing(self) -> None:
        assert Watch().each(OK, BREACH, OK, BREACH, OK, UNKNOWN, OK).state is OK

    def test_one_good_scrape_ends_no_breach(self) -> None:
        assert Watch().each(BREACH, BREACH, OK, BREACH, OK, BREACH).state is BREACH

    def test_a_breach_must_last_as_long_as_asked(self) -> None:
        watch = Watch(replace(ERRORS, lasting=10 * MINUTE)).each(OK, BREACH, BREACH)
        assert watch.state is OK
        assert watch.see(BREACH).state is BREACH

    def test_what_is_unknown_is_not_waited_for(self) -> None:
        assert Watch(replace(ERRORS, lasting=HOUR)).each(OK, UNKNOWN, UNKNOWN).state is UNKNOWN

    def test_bad_in_turns_is_as_bad_as_both_were(self) -> None:
        watch = Watch().each(OK, WARNING, BREACH)
        assert watch.state is WARNING
        assert (watch.standing.candidate, watch.standing.times) == (BREACH, 1)
        assert watch.see(BREACH).state is BREACH

    def test_a_source_that_is_down_each_other_time_is_not_ok(self) -> None:
        assert Watch().each(OK, BREACH, UNKNOWN).state is UNKNOWN

    def test_a_breach_is_left_only_within_the_bound_at_which_it_is_left(self) -> None:
        watch = Watch().each(BREACH, BREACH)
        for _ in range(5):
            watch.see(outcome(OK, held=BREACH))
        assert watch.state is BREACH
        watch.see(outcome(OK, held=WARNING)).see(outcome(OK, held=WARNING))
        assert watch.state is WARNING
        assert watch.each(OK, OK).state is OK

    def test_a_breach_is_not_left_before_it_has_cooled_down(self) -> None:
        watch = Watch(cool_down=30 * MINUTE).each(BREACH, BREACH, OK, OK, OK, OK, OK)
        assert watch.state is BREACH
        assert watch.see(OK).state is OK

    def test_what_gets_worse_waits_for_no_cool_down(self) -> None:
        watch = Watch(cool_down=DAY).each(OK, WARNING, WARNING, BREACH, BREACH)
        assert watch.state is BREACH

    def test_a_breach_whose_source_is_down_stays_one_and_says_since_when(self) -> None:
        watch = Watch().each(BREACH, BREACH, UNKNOWN, UNKNOWN, UNKNOWN)
        assert watch.state is BREACH
        assert watch.standing.message == "unknown since 2026-11-28T12:15:00Z: says unknown"

    def test_what_is_unknown_in_between_lets_a_recovery_begin_anew(self) -> None:
        assert Watch().each(BREACH, BREACH, OK, UNKNOWN, OK).state is BREACH

    def test_what_was_unknown_once_keeps_no_breach_from_ending(self) -> None:
        assert Watch().each(BREACH, BREACH, UNKNOWN, OK, OK).state is OK

    def test_what_was_unknown_waits_for_no_cool_down(self) -> None:
        assert Watch(cool_down=DAY).each(UNKNOWN, OK, OK).state is OK

    def test_a_warning_that_nobody_sees_any_more_is_unknown(self) -> None:
        assert Watch().each(WARNING, WARNING, UNKNOWN, UNKNOWN).state is UNKNOWN


class TestClock:
    def test_a_clock_that_was_put_back_changes_no_state(self) -> None:
        watch = Watch().each(OK, BREACH).see(BREACH, after=-DAY)
        assert watch.state is OK
        assert watch.standing.seen == watch.now
        assert watch.standing.since <= watch.now
        assert watch.see(BREACH).state is BREACH

    def test_a_clock_that_was_right_again_goes_on_where_it_was(self) -> None:
        watch = Watch(replace(ERRORS, lasting=10 * MINUTE))
        watch.see(OK).see(BREACH, after=900 * DAY).see(BREACH, after=-900 * DAY)
        assert watch.state is OK
        assert watch.each(BREACH, BREACH).state is BREACH

    def test_a_clock_far_ahead_hastens_no_breach(self) -> None:
        watch = Watch(replace(ERRORS, lasting=HOUR)).each(OK, BREACH).see(BREACH, after=3650 * DAY)
        assert watch.state is OK
        assert watch.standing.times == 2

    def test_a_clock_far_ahead_cools_nothing_down(self) -> None:
        watch = Watch(cool_down=HOUR).each(BREACH, BREACH).see(OK, after=3650 * DAY).see(OK)
        assert watch.state is BREACH
        assert watch.see(OK, after=HOUR).state is OK

    def test_a_day_between_two_looks_is_time_that_counts(self) -> None:
        watch = Watch(replace(ERRORS, lasting=HOUR)).see(BREACH).see(BREACH, after=DAY)
        assert watch.state is BREACH

    def test_a_long_window_is_looked_at_as_seldom(self) -> None:
        check = replace(ERRORS, window=7 * DAY, lasting=DAY)
        assert Watch(check).see(BREACH).see(BREACH, after=7 * DAY).state is BREACH

    def test_the_same_moment_counts_once(self) -> None:
        watch = Watch().see(OK).see(BREACH)
        for _ in range(3):
            watch.see(BREACH, after=timedelta())
        assert watch.standing.times == 1

    def test_a_clock_known_to_have_jumped_leaves_the_time_between_runs_as_it_was(self) -> None:
        watch = Watch(replace(ERRORS, lasting=HOUR)).each(OK, BREACH)
        watch.memory, watch.now = moved_by(watch.memory, 2 * HOUR), watch.now + 2 * HOUR
        assert watch.see(BREACH).state is OK
        assert watch.see(BREACH, after=55 * MINUTE).state is BREACH


class TestEpisodes:
    def test_an_episode_lasts_while_any_check_is_in_breach(self) -> None:
        late = replace(ERRORS, name="late")
        watch = Watch(ERRORS, late)
        watch.see(BREACH, outcome(OK, check="late")).see(BREACH, outcome(OK, check="late"))
        (episode,) = watch.memory.episodes
        assert (episode.checks, episode.started, episode.ended) == (("errors",), watch.now, None)
        watch.see(OK, outcome(BREACH, check="late")).see(OK, outcome(BREACH, check="late"))
        (episode,) = watch.memory.episodes
        assert (episode.checks, episode.ended) == (("errors", "late"), None)
        watch.see(OK, outcome(OK, check="late")).see(OK, outcome(OK, check="late"))
        (episode,) = watch.memory.episodes
        assert (episode.ended, episode.because) == (watch.now, RECOVERED)

    def test_the_next_breach_is_an_episode_of_its_own(self) -> None:
        watch = Watch().each(BREACH, BREACH, OK, OK, BREACH, BREACH)
        first, second = watch.memory.episodes
        assert first.id != second.id
        assert watch.open == [second]

    def test_an_episode_is_named_by_its_version_bytes_and_beginning(self) -> None:
        first, again = (Watch().each(BREACH, BREACH).memory.episodes[0].id for _ in range(2))
        assert first == again
        assert len(first) == 12

    def test_a_version_that_serves_no_more_is_forgotten_once_its_episode_is_over(self) -> None:
        watch = Watch().each(BREACH, BREACH)
        watch.see(outcome(OK, version="1.1.0"))
        (episode,) = watch.memory.episodes
        assert (episode.ended, episode.because) == (watch.now, NOT_SERVING)
        assert list(watch.memory.standings) == [("fraud", "1.1.0", "errors")]

    def test_a_check_that_is_asked_no_more_ends_the_episode_and_says_so(self) -> None:
        watch = Watch().each(BREACH, BREACH).see(outcome(OK, check="late"))
        (episode,) = watch.memory.episodes
        assert episode.because == NOT_ASKED

    def test_a_model_that_was_not_asked_stays_as_it_is(self) -> None:
        watch = Watch().each(BREACH, BREACH)
        assert damped(watch.memory, [], {"churn": Monitoring()}, watch.now + HOUR) == watch.memory

    def test_what_is_over_is_forgotten_in_time_and_what_lasts_is_not(self) -> None:
        watch = Watch().each(BREACH, BREACH, OK, OK, BREACH, BREACH)
        watch.see(BREACH, after=91 * DAY)
        assert [one.ended for one in watch.memory.episodes] == [None]

    def test_deeds_stay_with_the_episode(self) -> None:
        watch = Watch().each(BREACH, BREACH)
        done = replace(watch.memory.episodes[0], deeds={"evidence": "monitoring-1"})
        watch.memory = replace(watch.memory, episodes=(done,))
        assert watch.each(BREACH, OK, OK).memory.episodes[0].deeds == {"evidence": "monitoring-1"}


STATES = st.sampled_from(State)
SIGHTINGS = st.tuples(STATES, STATES).map(
    lambda pair: outcome(pair[0], max(pair, key=lambda one: one.badness))
)
STEPS = st.one_of(
    st.integers(1, 3600).map(lambda seconds: timedelta(seconds=seconds)),
    st.sampled_from([timedelta(), -MINUTE, -400 * DAY, 400 * DAY, DAY]),
)
LOOKS = st.lists(st.tuples(st.one_of(st.none(), SIGHTINGS), STEPS), max_size=40)


@settings(max_examples=300, deadline=None)
@given(
    looks=LOOKS,
    confirm=st.integers(1, 4),
    lasting=st.sampled_from([timedelta(), 10 * MINUTE, HOUR]),
    cool_down=st.sampled_from([timedelta(), HOUR]),
)
def test_whatever_is_seen_whenever(
    looks: list[tuple[Outcome | None, timedelta]], confirm: int, lasting: timedelta, cool_down: timedelta
) -> None:
    watch = Watch(replace(ERRORS, confirm=confirm, lasting=lasting), cool_down=cool_down)
    row: list[Outcome] = []  # what was seen since the state was entered
    counted = in_state = timedelta()  # time that was watched: of the row of breaches, of the state
    for seen, step in looks:
        before, serves = watch.memory.standings.get(("fraud", "1.0.0", "errors")), seen is not None
        watch.see(*([seen] if seen else []), after=step)
        assert len(watch.open) <= 1
        assert all(one.ended is None or one.ended >= one.started for one in watch.memory.episodes)
        if not serves:
            assert not watch.memory.standings
            assert not watch.open
            row, counted, in_state = [], timedelta(), timedelta()
            continue
        assert seen is not None
        now = watch.standing
        assert now.seen == watch.now
        assert (now.state is BREACH) == bool(watch.open)
        passed = step if before and timedelta() <= step <= DAY else timedelta()
        counts = before is None or step > timedelta()
        in_state += passed
        counted = counted + passed if row and row[-1].state is BREACH else timedelta()
        row = [*row, seen] if counts else row
        was = before.state if before else UNKNOWN
        if not counts:
            assert now.state is was
        if now.state is BREACH and was is not BREACH:
            assert len(row) >= confirm
            assert all(one.state is BREACH for one in row[-confirm:])
            assert counted >= lasting
        if was is BREACH and now.state is not BREACH:
            assert UNKNOWN not in (now.state, *(one.state for one in row[-confirm:]))
            assert all(BREACH not in (one.state, one.held) for one in row[-confirm:])
            assert in_state >= cool_down
        if now.state is not was:
            in_state = timedelta()


@pytest.mark.parametrize("far", [-400 * DAY, 400 * DAY])
def test_no_jump_of_the_clock_opens_what_would_not_open_without_it(far: timedelta) -> None:
    check = replace(ERRORS, lasting=HOUR)
    watch = Watch(check).each(OK, BREACH).see(BREACH, after=far).see(BREACH)
    assert watch.state is OK
