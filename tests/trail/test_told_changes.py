"""What people changed, a line each."""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from building.world import rollbook
from rollbook.trail.told_changes import COLUMNS, change_row, told_together

if TYPE_CHECKING:
    import pytest

    from building.once import Template
    from building.world import World
    from rollbook.trail.told_changes import Told

ACTIONS = ["registered", "assigned", "unassigned", "removed", "alias-set", "alias-removed"]
STAGES = st.sampled_from(
    ["", "development", "staging", "production", "archived", "@champion", "{version}", "{0}"]
)
PEOPLE = st.sampled_from(["jane@example.com", "bob@example.com"])
VERSIONS = st.sampled_from(["1.0.0", "1.1.0", "2.0.0"])
APPROVED = st.lists(PEOPLE, max_size=2).map(lambda names: "".join(f"{name}\x1f" for name in names))
EVENTS = st.lists(
    st.tuples(
        st.just("2026-11-28T08:00:00Z"), st.sampled_from(["a", "b"]), VERSIONS, st.sampled_from(ACTIONS),
        STAGES, STAGES, PEOPLE, st.text(max_size=5), st.sampled_from(["", "c1", "c2"]),
        st.sampled_from(["t1", "t2"]), APPROVED,
    ),
    max_size=130,
)  # fmt: skip


@given(EVENTS)
def test_each_event_is_in_exactly_one_line_and_in_its_order(events: list[Told]) -> None:
    lines = list(told_together(events))
    assert list(chain.from_iterable(lines)) == events
    assert all(lines)


@given(EVENTS)
def test_what_is_told_together_is_one_request_of_one_commit(events: list[Told]) -> None:
    for together in told_together(events):
        assert len({(event[1], event[6], event[8], event[9]) for event in together}) == 1
        assert len(together) == 1 or together[0][8]


@given(EVENTS)
def test_a_line_names_every_version_that_its_events_are_about(events: list[Told]) -> None:
    for together in told_together(events):
        row = change_row(together)
        assert len(row) == len(COLUMNS)
        assert all(event[2] in row[2] for event in together)


def test_a_commit_with_very_many_events_is_no_line_without_an_end() -> None:
    one = moved("1.0.0", "assigned", "a", "b")
    assert [len(together) for together in told_together([one] * 120)] == [50, 50, 20]


def moved(
    version: str, action: str, start: str, target: str, reason: str = "why", approved: str = ""
) -> Told:
    return ("when", "m", version, action, start, target, "jane", reason, "commit", "at", approved)


def change(*events: Told) -> list[str]:
    (together,) = told_together(events)
    return change_row(together)[2:]


def test_a_promotion_that_displaces_another_is_one_line_with_its_reason() -> None:
    assert change(
        moved("1.0.0", "unassigned", "production", "archived", "replaced by 1.1.0 in production"),
        moved("1.1.0", "unassigned", "staging", "production", "better", "bob\x1f"),
        moved("1.0.0", "assigned", "production", "archived", "replaced by 1.1.0 in production"),
        moved("1.1.0", "assigned", "staging", "production", "better", "bob\x1fcarl\x1f"),
    ) == ["1.1.0 put into production, 1.0.0 displaced to archived", "jane", "bob, carl", "better"]


def test_of_two_that_change_places_the_reason_tells_which_was_displaced() -> None:
    left = "rolled back to 1.0.0: errors"
    events = (
        moved("1.0.0", "unassigned", "archived", "production", "errors"),
        moved("1.1.0", "unassigned", "production", "archived", left),
        moved("1.0.0", "assigned", "archived", "production", "errors"),
        moved("1.1.0", "assigned", "production", "archived", left),
    )
    assert change(*events)[0] == "1.0.0 put into production, 1.1.0 displaced to archived"
    unclear = [(*event[:7], "swap", *event[8:]) for event in events]
    assert change(*unclear)[0] == "1.0.0 put into production, 1.1.0 put into archived"


def test_a_displaced_version_that_goes_back_to_the_first_stage_is_told_so() -> None:
    assert (
        change(
            moved("1.0.0", "unassigned", "canary", "development"),
            moved("1.1.0", "assigned", "development", "canary"),
        )[0]
        == "1.1.0 put into canary, 1.0.0 displaced to development"
    )


def test_a_single_event_is_told_by_its_kind() -> None:
    told = [change(moved("1.0.0", action, "staging", "production"))[0] for action in ACTIONS]
    assert told == [
        "1.0.0 registered", "1.0.0 put into production", "1.0.0 taken out of staging",
        "1.0.0: artifact removed", "1.0.0 given production", "staging taken from 1.0.0",
    ]  # fmt: skip


def test_an_alias_that_moves_is_one_line() -> None:
    assert change(
        moved("1.0.0", "alias-removed", "@champion", "", "better"),
        moved("1.1.0", "alias-set", "", "@champion", "better"),
    ) == ["1.1.0 given @champion, before 1.0.0", "jane", "", "better"]


def test_what_changes_where_it_stands_is_told_so() -> None:
    told = change(moved("1.0.0", "assigned", "canary", "canary", "calm so far (traffic 10 -> 50)"))
    assert told == ["1.0.0 changed in canary", "jane", "", "calm so far (traffic 10 -> 50)"]


def test_where_nobody_said_why_the_displaced_tell_it() -> None:
    assert change(
        moved("1.0.0", "unassigned", "canary", "archived", "replaced"),
        moved("1.0.0", "assigned", "canary", "archived", "replaced"),
        moved("1.1.0", "assigned", "staging", "canary", ""),
    ) == ["1.1.0 put into canary, 1.0.0 displaced to archived", "jane", "", "replaced"]


def test_a_kind_that_is_not_known_here_is_told_by_its_word() -> None:
    assert change(moved("1.0.0", "{target}", "a", "b"))[0] == "1.0.0 {target}"


# --- as `rollbook history` prints them


def _replaced(world: World) -> None:
    world.register("credit", "1.0.0")
    world.register("credit", "1.1.0")
    for version in ("1.0.0", "1.1.0"):
        world.promote(f"credit@{version}", "staging")
        world.promote(f"credit@{version}", "production")
    world.run("rollback", "credit", "--reason", "errors", "--land")


REPLACED = [
    "1.0.0 registered",
    "1.1.0 registered",
    "1.0.0 put into staging",
    "1.0.0 put into production",
    "1.1.0 put into staging",
    "1.1.0 put into production, 1.0.0 displaced to archived",
    "1.0.0 put into production, 1.1.0 displaced to archived",
]


def told_changes(world: World, *options: str) -> list[str]:
    head, *lines = [line.split("\t") for line in world.run("history", *options).out.splitlines()]
    assert head == [*COLUMNS]
    return [line[2] for line in lines]


def test_history_has_a_line_for_each_change(template: Template) -> None:
    world = template(_replaced)
    assert told_changes(world) == REPLACED
    assert told_changes(world) == REPLACED  # as it is remembered
    assert told_changes(world, "credit") == REPLACED
    assert told_changes(world, "--rev", "main~1") == REPLACED[:-1]
    assert told_changes(world, "--stage", "archived") == [
        "1.0.0 put into archived", "1.0.0 put into production, 1.1.0 displaced to archived"
    ]  # fmt: skip


def test_the_remembered_trail_is_told_as_it_is_read(
    template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rollbook.trail.known_tags.FEW", 2)
    world = template(_replaced)
    told = [world.run("history").out for _ in range(3)]
    assert told == [world.run("history", "--by", "jane@example.com").out] * 3
    events = [world.run("history", "--events").out for _ in range(2)]
    assert [len(event.splitlines()) - 1 for event in events] == [len(REPLACED) + 7] * 2


def test_a_change_that_was_remembered_in_part_is_told_whole(
    started: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rollbook.trail.known_tags.FEW", 2)
    world = started(_replaced)
    last = json.loads(world.run("history", "--json").out)[-1]["tag"]
    oid = world.git("rev-parse", f"refs/tags/{last}")
    world.git("tag", "-d", last)
    assert told_changes(world)[:-1] == REPLACED[:-1]
    world.git("update-ref", f"refs/tags/{last}", oid)
    for _ in range(3):
        assert told_changes(world) == REPLACED


def test_events_are_about_the_table(template: Template) -> None:
    world = template(_replaced)
    for form in (["--json"], ["--format", "csv"], ["--report", "2026-01-01..2026-12-31"]):
        ran = rollbook(world.registry, "history", "--events", *form)
        assert (ran.code, ran.out) == (2, "")
