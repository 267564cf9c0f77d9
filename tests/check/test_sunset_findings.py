"""What is past its sunset, or near it, is found in the registry as a whole, and never in a change."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

import rollbook.check.sunsets as sunsets
from building.world import World, rollbook
from rollbook.check.clean_files import Remembered
from rollbook.check.whole_tree import check_tree
from rollbook.snapshot.tree_snapshot import commit_snapshot

from .desk import POLICY, STAGES, V1, entry, model_files, only, policy_text, registry_files

if TYPE_CHECKING:
    from building.once import Template
    from rollbook.check.finding import Finding
    from rollbook.check.sunsets import Outlook
    from rollbook.snapshot.snapshot import Snapshot

    from .desk import Desk, File

SUNSET = date(2027, 3, 1)


def files(sunset: str = "2027-03-01", stage: str = "deprecated", extra: str = "") -> dict[str, File]:
    line = entry("1.0.0", extra=f", sunset: {sunset}")
    return registry_files() | {POLICY: policy_text(extra), STAGES: f"{stage}:\n  - {line}\n"}


def on(desk: Desk, today: date, given: dict[str, File] | None = None) -> list[Finding]:
    snapshot = commit_snapshot(desk.repository, desk.commit(files() if given is None else given))
    try:
        return check_tree(snapshot, today=today)
    finally:
        snapshot.close()


def test_nothing_is_said_long_before(desk: Desk) -> None:
    assert on(desk, SUNSET - timedelta(days=15)) == []


@pytest.mark.parametrize("ahead", [14, 1, 0])
def test_a_sunset_that_nears_is_a_warning(desk: Desk, ahead: int) -> None:
    found = only(on(desk, SUNSET - timedelta(days=ahead)), "RB504")
    assert (found.severity, found.path, found.key) == ("warning", STAGES, "deprecated.0.sunset")
    assert found.message == f"credit@1.0.0 goes on 2027-03-01, which is {ahead} days ahead"


def test_what_stands_past_its_sunset_is_an_error(desk: Desk) -> None:
    found = only(on(desk, SUNSET + timedelta(days=1)), "RB504")
    assert found.severity == "error"
    assert found.message == "credit@1.0.0 is in deprecated still, and its sunset was 2027-03-01"
    assert "rollbook archive credit@1.0.0" in found.hint


def test_the_policy_says_how_early_to_warn(desk: Desk) -> None:
    given = files(extra="sunset_reminder: 30\n")
    assert only(on(desk, SUNSET - timedelta(days=30), given), "RB504").severity == "warning"
    assert on(desk, SUNSET - timedelta(days=31), given) == []


def test_what_is_archived_has_gone(desk: Desk) -> None:
    assert on(desk, SUNSET + timedelta(days=99), files(stage="archived")) == []


def test_what_serves_with_a_sunset_is_found_in_any_stage(desk: Desk) -> None:
    assert "is in staging still" in only(on(desk, date(2028, 1, 1), files(stage="staging")), "RB504").message


def test_a_key_that_is_spelt_with_escapes_hides_nothing(desk: Desk) -> None:
    given = files()
    given[STAGES] = str(given[STAGES]).replace("sunset:", '"sun\\x73et":')
    only(on(desk, date(2028, 1, 1), given), "RB504")


def test_a_version_whose_artifact_is_removed_has_gone(desk: Desk) -> None:
    told = files() | {f"{V1}/removed.yaml": "x"}
    snapshot = commit_snapshot(desk.repository, desk.commit(told))
    assert sunsets.outlook(snapshot, date(2028, 1, 1)).findings == ()


@pytest.mark.parametrize("sunset", ["2027-02-30", "2027-02-31"])
def test_a_sunset_that_is_no_day_is_a_warning(desk: Desk, sunset: str) -> None:
    found = only(on(desk, date(2026, 1, 1), files(sunset)), "RB504")
    assert (found.severity, found.message) == ("warning", "the sunset of credit@1.0.0 is no day")


@pytest.mark.parametrize("sunset", ["0001-01-01", "9999-12-31"])
def test_the_ends_of_the_calendar_stop_nothing(desk: Desk, sunset: str) -> None:
    given = files(sunset, extra="sunset_reminder: 36500\n")
    assert len(on(desk, date(2026, 1, 1), given)) == (1 if sunset.startswith("0") else 0)


def test_a_file_that_cant_be_read_hides_no_sunset_of_another(desk: Desk) -> None:
    given = files() | model_files("1.0.0", model="another")
    given["registry/another/stages.yaml"] = "sunset: ["
    assert {finding.code for finding in on(desk, date(2028, 1, 1), given)} == {"RB101", "RB504"}


def test_no_change_fails_because_a_day_passed(desk: Desk) -> None:
    past = files("2020-01-01")
    assert desk.check_change(past, past | model_files("1.0.0", model="another")) == []


# --- what is remembered


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[date]:
    """The days for which the sunsets were read."""
    days: list[date] = []
    original = sunsets.outlook

    def record(snapshot: Snapshot, today: date) -> Outlook:
        days.append(today)
        return original(snapshot, today)

    monkeypatch.setattr(sunsets, "outlook", record)
    return days


def again(desk: Desk, commit: str, today: date) -> list[Finding]:
    snapshot = commit_snapshot(desk.repository, commit)
    try:
        return check_tree(snapshot, None, Remembered(desk.repository), today=today)
    finally:
        snapshot.close()


def test_it_is_remembered_until_when_nothing_is_to_be_said(desk: Desk, asked: list[date]) -> None:
    commit = desk.commit(files())
    quiet = SUNSET - timedelta(days=15)
    assert again(desk, commit, quiet - timedelta(days=9)) == []
    assert again(desk, commit, quiet) == []
    assert len(asked) == 1


def test_what_is_remembered_hides_no_sunset_that_came(desk: Desk, asked: list[date]) -> None:
    commit = desk.commit(files())
    assert again(desk, commit, date(2026, 12, 1)) == []
    only(again(desk, commit, SUNSET - timedelta(days=14)), "RB504")
    only(again(desk, commit, SUNSET + timedelta(days=1)), "RB504")
    assert len(asked) == 3


def test_another_sunset_is_read(desk: Desk) -> None:
    assert again(desk, desk.commit(files()), date(2026, 12, 1)) == []
    only(again(desk, desk.commit(files("2026-12-02")), date(2026, 12, 1)), "RB504")


# --- by the command


def _deprecated(world: World) -> None:
    for version in ("1.0.0", "1.1.0"):
        world.register("credit", version)
        world.promote(f"credit@{version}", "staging")
        world.promote(f"credit@{version}", "production")
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    world.run("deprecate", "credit@1.0.0", "--sunset", today, "--reason", "old", "--land")
    world.git("merge", "-q", "--ff-only", "main")


@pytest.fixture
def ending(started: Template) -> World:
    """A registry in which a version's last day is today."""
    return started(_deprecated)


def test_check_all_reminds_of_a_sunset(ending: World) -> None:
    for _ in range(2):
        ran = rollbook(ending.registry, "check", "--all")
        assert ran.code == 0
        assert "RB504" in ran.out
        assert "which is 0 days ahead" in ran.out


def test_check_all_fails_after_it(ending: World) -> None:
    path = "registry/credit/stages.yaml"
    yesterday = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
    ending.write(path, re.sub("sunset: .*", f"sunset: {yesterday}", ending.read(path)))
    ran = rollbook(ending.registry, "check", "--all")
    assert ran.code == 1
    assert "credit@1.0.0 is in deprecated still" in ran.out
