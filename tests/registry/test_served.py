"""When a version last served, as deployments and monitoring on record tell it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.registry.deployments import Deployed, newest
from rollbook.registry.served import Caller, Monitored, Served, Use, both, served

NOW = datetime(2026, 6, 1, tzinfo=UTC)
OLD, NEW = "m@1.0.0", "m@1.1.0"


def put(reference: str, day: str, *, target: str = "eu", passed: bool = True, number: int = 1) -> Deployed:
    return Deployed(reference, number, target, passed, f"{day}T00:00:00Z", "ci@example.com", "")


def day(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T00:00:00Z")


def test_what_runs_on_a_target_serves_now() -> None:
    found = served([put(OLD, "2026-01-01")], [], NOW)
    assert found == {OLD: Served(NOW, "deployment-1", ("eu",))}


def test_what_was_replaced_served_until_then() -> None:
    found = served([put(OLD, "2026-01-01"), put(NEW, "2026-03-01")], [], NOW)
    assert (found[OLD].at, found[OLD].targets) == (day("2026-03-01"), ())
    assert found[NEW].targets == ("eu",)


def test_what_failed_after_it_ran_served_until_it_failed() -> None:
    found = served([put(OLD, "2026-01-01"), put(OLD, "2026-02-01", passed=False, number=2)], [], NOW)
    assert (found[OLD].at, found[OLD].targets) == (day("2026-02-01"), ())


def test_a_deployment_that_only_failed_never_served() -> None:
    assert served([put(OLD, "2026-01-01", passed=False)], [], NOW) == {}


def test_a_failed_deployment_of_another_version_takes_nothing_off_its_target() -> None:
    found = served([put(OLD, "2026-01-01"), put(NEW, "2026-02-01", passed=False)], [], NOW)
    assert found == {OLD: Served(NOW, "deployment-1", ("eu",))}


def test_one_target_left_is_enough() -> None:
    told = [put(OLD, "2026-01-01"), put(OLD, "2026-01-02", target="us", number=2), put(NEW, "2026-02-01")]
    assert served(told, [], NOW)[OLD].targets == ("us",)


def test_a_version_served_when_monitoring_saw_it() -> None:
    found = served(
        [], [Monitored(OLD, 1, "2026-02-01T00:00:00Z"), Monitored(OLD, 2, "2026-02-03T00:00:00Z")], NOW
    )
    assert found == {OLD: Served(day("2026-02-03"), "monitoring-2")}


def test_nothing_that_is_told_lies_ahead() -> None:
    assert served([], [Monitored(OLD, 1, "2030-01-01T00:00:00Z")], NOW)[OLD].at == NOW


def test_the_later_of_two_counts_and_nothing_is_lost() -> None:
    caller = Caller("billing", 12.0, day("2026-02-01"))
    asked = Served(day("2026-02-01"), "live", (), 12.0, (caller,))
    on_record = Served(day("2026-03-01"), "deployment-1", ("eu",))
    assert both(asked, on_record) == Served(day("2026-03-01"), "deployment-1", ("eu",), 12.0, (caller,))
    assert both(None, asked) == asked


@pytest.mark.parametrize(
    ("use", "lately"),
    [
        (Use(), False),
        (Use(unknown="live is down"), True),
        (Use(Served(NOW - timedelta(days=40), "live")), False),
        (Use(Served(NOW - timedelta(days=20), "live")), True),
        (Use(Served(NOW - timedelta(days=40), "deployment-1", ("eu",))), True),
    ],
)
def test_what_nobody_can_tell_counts_as_used(use: Use, lately: bool) -> None:
    assert use.within(NOW - timedelta(days=30)) is lately


told_things = st.lists(
    st.builds(
        put,
        st.sampled_from([OLD, NEW, "m@1.2.0"]),
        st.sampled_from(["2026-01-01", "2026-01-02", "2026-01-03"]),
        target=st.sampled_from(["eu", "us"]),
        passed=st.booleans(),
        number=st.integers(1, 50),
    ),
    max_size=12,
    unique_by=lambda each: each.number,
)


@given(told_things)
def test_it_agrees_with_where_versions_run_and_tells_of_all_that_ever_ran(told: list[Deployed]) -> None:
    found = served(told, [], NOW)
    running = {
        reference: tuple(one.target for one in many if one.status == "running")
        for reference, many in newest(told).items()
    }
    assert {reference: one.targets for reference, one in found.items() if one.targets} == {
        reference: targets for reference, targets in running.items() if targets
    }
    assert {each.reference for each in told if each.passed} == {*found}
    assert all(one.at <= NOW for one in found.values())
