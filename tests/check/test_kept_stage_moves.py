"""What a change of a stages.yaml moves into and out of stages that are kept for roles."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from building.texts import POLICY
from rollbook.check.kept_stages import ANY_VERSION, UNREADABLE, moved
from rollbook.records.policy import Policy, parse_policy

WRITTEN = parse_policy(POLICY.encode(), "registry/policy.yaml")


def keeping(*names: str) -> Policy:
    """The policy with these stages kept for approvers."""
    stages = (replace(stage, by=("approver",) if stage.name in names else None) for stage in WRITTEN.stages)
    return replace(WRITTEN, stages=tuple(stages))


def entry(version: str, **more: object) -> dict[str, object]:
    return {"version": version, "reason": "r", **more}


IN_STAGING = {"staging": [entry("1.0.0")]}
IN_PRODUCTION = {"production": entry("1.0.0")}


def test_a_version_that_enters_is_moved() -> None:
    assert moved(IN_STAGING, IN_PRODUCTION, keeping("production")).holdings == {("production", "1.0.0")}


def test_a_version_that_leaves_is_moved() -> None:
    assert moved(IN_PRODUCTION, IN_STAGING, keeping("production")).holdings == {("production", "1.0.0")}


def test_both_stages_have_a_say() -> None:
    kept = keeping("staging", "production")
    assert moved(IN_STAGING, IN_PRODUCTION, kept).holdings == {("staging", "1.0.0"), ("production", "1.0.0")}


def test_nothing_of_other_stages_counts() -> None:
    assert not moved(IN_STAGING, IN_PRODUCTION, keeping("archived"))


def test_leaving_the_first_stage_needs_no_entry_there() -> None:
    first = WRITTEN.first_stage.name
    assert moved(None, IN_STAGING, keeping(first)).holdings == {(first, "1.0.0")}
    assert moved(IN_STAGING, {}, keeping(first)).holdings == {(first, "1.0.0")}


def test_an_approval_moves_nothing_and_any_other_word_does() -> None:
    kept = keeping("production")
    approved = {"production": entry("1.0.0", approvals=[{"by": "bob"}])}
    assert not moved(IN_PRODUCTION, approved, kept)
    assert moved(IN_PRODUCTION, {"production": entry("1.0.0", traffic=5)}, kept)


def test_the_order_of_entries_and_the_form_of_one_count_for_nothing() -> None:
    old = {"production": [entry("1.0.0"), entry("2.0.0")]}
    new = {"production": [entry("2.0.0"), entry("1.0.0")]}
    assert not moved(old, new, keeping("production"))
    assert not moved(IN_PRODUCTION, {"production": [entry("1.0.0")]}, keeping("production"))


def test_naming_a_version_once_more_moves_it() -> None:
    twice = {"production": [entry("1.0.0"), entry("1.0.0")]}
    assert moved(IN_PRODUCTION, twice, keeping("production"))


def test_what_makes_room_goes_with_the_one_that_enters() -> None:
    new = {"production": entry("2.0.0"), "archived": [entry("1.0.0")]}
    what = moved(IN_PRODUCTION, new, keeping("archived"))
    assert (what.holdings, what.displaced) == (frozenset(), {("archived", "1.0.0")})


def test_what_leaves_a_stage_that_nothing_enters_makes_no_room() -> None:
    assert moved(IN_PRODUCTION, {"archived": [entry("1.0.0")]}, keeping("archived")).holdings


def test_aliases_and_a_teams_own_fields_hold_no_version() -> None:
    assert not moved({}, {"aliases": {"champion": "1.0.0"}, "extra": {"a": 1}}, keeping("production"))


UNREAD = [UNREADABLE, [], "x", {"production": "1.0.0"}, {"production": [None]}, {"staging": {"version": 1}}]


@pytest.mark.parametrize("document", UNREAD)
def test_what_can_not_be_read_may_have_moved_anything(document: object) -> None:
    kept = keeping("production", "staging")
    anything = {("production", ANY_VERSION), ("staging", ANY_VERSION)}
    assert moved(document, {}, kept).holdings == anything
    assert moved({}, document, kept).holdings == anything


STAGE = st.sampled_from([stage.name for stage in WRITTEN.stages])
TABLES = st.dictionaries(st.sampled_from(["1.0.0", "2.0.0", "3.0.0"]), STAGE, max_size=3)


def _document(table: dict[str, str]) -> dict[str, list[dict[str, object]]]:
    document: dict[str, list[dict[str, object]]] = {}
    for version, stage in table.items():
        document.setdefault(stage, []).append(entry(version))
    return document


@given(TABLES, TABLES)
def test_whatever_enters_or_leaves_a_kept_stage_is_told(old: dict[str, str], new: dict[str, str]) -> None:
    names = [stage.name for stage in WRITTEN.stages]
    what = moved(_document(old), _document(new), keeping(*names))
    told = what.holdings | what.displaced
    first = WRITTEN.first_stage.name
    for version in old.keys() | new.keys():
        start, target = old.get(version, first), new.get(version, first)
        if start != target:
            assert {(start, version), (target, version)} <= told
            assert (start, version) in what.holdings
