"""The gate of freezes: dates, weeks and zones, and who may set one aside."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from rollbook.check.gates.freeze import Freeze
from rollbook.check.gates.gate import Promotion
from rollbook.records.fields import Fields
from rollbook.records.policy import parse_policy
from rollbook.records.stages import parse_stages

from ..desk import POLICY, STAGES, codes, entry, policy_text, registry_files
from .bench import ROLES, known, state

if TYPE_CHECKING:
    from rollbook.check.gates.gate import Verdict

    from ..desk import Desk

YEAR_END = {"from": "2026-12-20", "to": "2027-01-06", "timezone": "Europe/Vienna", "reason": "end of year"}
WEEKEND = {
    "weekly": {"from": "fri 16:00", "to": "mon 08:00"},
    "timezone": "Europe/Vienna",
    "reason": "weekend",
}
OVERRIDE = ', override: {reason: "scores are wrong"}'


def frozen(
    settings: dict[str, Any], at: str, line: str = "", authors: frozenset[str] | None = None
) -> Verdict:
    table = parse_stages(f"production: {line or entry('1.1.0')}\n".encode(), STAGES)
    promotion = Promotion(
        "credit", "1.1.0", "staging", "production", None,
        entry=table.entries[0],
        policy=parse_policy(policy_text(ROLES).encode(), POLICY),
        circumstances=known(now=datetime.fromisoformat(at), authors=authors),
    )  # fmt: skip
    return Freeze().verdict(Fields(settings, POLICY), promotion)


@pytest.mark.parametrize(
    ("at", "on"),
    [
        ("2026-12-19T22:59:59+00:00", False),
        ("2026-12-19T23:00:00+00:00", True),
        ("2027-01-06T22:59:59+00:00", True),
        ("2027-01-06T23:00:00+00:00", False),
    ],
)
def test_dates_count_from_the_first_moment_to_the_last_in_their_own_zone(at: str, on: bool) -> None:
    assert state(frozen(YEAR_END, at)) == ("waiting" if on else "passed")


def test_a_freeze_says_until_when_and_why() -> None:
    verdict = frozen(YEAR_END, "2026-12-24T12:00:00+00:00")
    assert verdict.figure == "frozen until 2027-01-07 00:00 Europe/Vienna"
    assert verdict.threshold == "no freeze (end of year)"


@pytest.mark.parametrize(
    ("at", "on"),
    [
        ("2026-07-03T13:59:00+00:00", False),  # Friday, summer time
        ("2026-07-03T14:00:00+00:00", True),
        ("2026-07-05T12:00:00+00:00", True),
        ("2026-07-06T05:59:00+00:00", True),
        ("2026-07-06T06:00:00+00:00", False),
        ("2026-12-04T14:59:00+00:00", False),  # Friday, winter time
        ("2026-12-04T15:00:00+00:00", True),
    ],
)
def test_a_weekly_freeze_follows_the_clocks_of_its_zone(at: str, on: bool) -> None:
    assert state(frozen(WEEKEND, at)) == ("waiting" if on else "passed")


def test_a_weekly_freeze_holds_only_between_its_dates() -> None:
    bounded = {**WEEKEND, "from": "2026-12-01", "to": "2026-12-31"}
    assert state(frozen(bounded, "2026-12-05T12:00:00+00:00")) == "waiting"
    assert state(frozen(bounded, "2026-11-28T12:00:00+00:00")) == "passed"


FREEZING = "2026-12-24T12:00:00+00:00"


def admin(extra: str = OVERRIDE) -> str:
    return entry("1.1.0", extra=extra).replace("jane@", "ana@")


def test_somebody_with_the_role_sets_a_freeze_aside_and_leaves_a_trace() -> None:
    verdict = frozen(YEAR_END, FREEZING, admin())
    assert state(verdict) == "passed"
    assert "set aside by ana@example.com: scores are wrong" in verdict.figure


def test_somebody_with_the_role_who_gives_no_reason_waits() -> None:
    assert state(frozen(YEAR_END, FREEZING, admin(""))) == "waiting"


def test_somebody_without_the_role_can_not_set_a_freeze_aside() -> None:
    verdict = frozen(YEAR_END, FREEZING, entry("1.1.0", extra=OVERRIDE))
    assert state(verdict) == "failed"
    assert "jane@example.com, who sets it aside, is no admin" in verdict.figure


def test_another_role_may_be_named() -> None:
    line = admin().replace("ana@", "omar@")
    assert state(frozen({**YEAR_END, "override_role": "approver"}, FREEZING, line)) == "passed"


def test_to_name_an_admin_as_the_requester_is_not_to_be_one() -> None:
    verdict = frozen(YEAR_END, FREEZING, admin(), frozenset(["jane@example.com"]))
    assert state(verdict) == "failed"
    assert "has no part in the change" in verdict.figure
    assert state(frozen(YEAR_END, FREEZING, admin(), frozenset(["ANA@example.com"]))) == "passed"


ALWAYS = {"from": "0001-01-01", "to": "9999-12-31", "timezone": "UTC", "reason": "r"}


def change(desk: Desk, freeze: dict[str, Any]) -> list[str]:
    files = {**registry_files(), POLICY: policy_text(f"freezes: {json.dumps([freeze])}\n")}
    return codes(desk.check_change(files, {**files, STAGES: f"staging:\n  - {entry('1.0.0')}\n"}))


def test_a_freeze_holds_for_every_stage_or_for_those_it_names(desk: Desk) -> None:
    assert change(desk, ALWAYS) == ["RB411"]
    assert change(desk, {**ALWAYS, "stages": ["staging"]}) == ["RB411"]
    assert change(desk, {**ALWAYS, "stages": ["production"]}) == []


def test_a_freeze_taken_out_in_the_same_change_still_holds(desk: Desk) -> None:
    files = {**registry_files(), POLICY: policy_text(f"freezes: {json.dumps([ALWAYS])}\n")}
    after = {**files, POLICY: policy_text(), STAGES: f"staging:\n  - {entry('1.0.0')}\n"}
    assert codes(desk.check_change(files, after)) == ["RB411"]


@pytest.mark.parametrize(
    "broken",
    [
        {"timezone": "Europe/Atlantis"},
        {"timezone": "../../etc/passwd"},
        {"from": "soon"},
        {"from": "2026-12-20T00:00Z"},
        {"to": None},
        {"weekly": {"from": "someday 16:00", "to": "mon 08:00"}},
    ],
)
def test_a_freeze_that_can_not_be_read_lets_nothing_pass(desk: Desk, broken: dict[str, Any]) -> None:
    settings = {key: value for key, value in {**ALWAYS, **broken}.items() if value is not None}
    assert "RB411" in change(desk, settings)
