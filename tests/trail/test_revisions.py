"""An entry that changes while its version stays is an event, where it says so by its revision."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from gto.api import show

from building.world import rollbook
from rollbook.trail.derive import derive
from rollbook.trail.event import Action
from rollbook.trail.landings import landed_changes

from .histories import registration

if TYPE_CHECKING:
    from building.once import Template
    from building.world import World
    from rollbook.trail.event import Event

    from .histories import History

STAGES = "registry/credit/stages.yaml"


def table(stage: str, *facts: str, reason: str = "because") -> dict[str, str]:
    """A stages.yaml with one version in a stage, and further facts of its entry."""
    lines = ["version: 1.0.0", f"reason: {reason}", "requested_by: ann@example.com", *facts]
    entry = "".join(f"  {line}\n" for line in [*lines, "requested_at: 2026-01-02T09:00:00Z"])
    return {STAGES: f"{stage}:\n{entry}"}


def told(history: History) -> list[Event]:
    history_events = derive(history.repository, landed_changes(history.repository, "main"), {})
    return [event for event in history_events if event.action is not Action.REGISTERED]


def test_another_revision_puts_the_version_into_its_stage_again(history: History) -> None:
    history.commit(registration("credit", "1.0.0"))
    history.commit(table("canary", "traffic: 10"))
    landed = history.commit(table("canary", "traffic: 50", "revision: 1", reason="no errors"))
    event = told(history)[-1]
    assert (event.tag, event.start, event.target) == ("credit#canary#3", "canary", "canary")
    assert (event.landed_in, event.reason) == (landed, "no errors (traffic 10 -> 50)")
    assert event.summary == "credit@1.0.0 changed in canary"


def test_the_reason_says_that_the_monitor_changed_it(history: History) -> None:
    history.commit(registration("credit", "1.0.0"))
    history.commit(table("canary", "traffic: 10"))
    automatic = "automatic: {version: 1.0.0, evidence: monitoring-2}"
    history.commit(table("canary", "traffic: 50", "revision: 1", automatic))
    assert told(history)[-1].reason == "because (automatic: monitoring-2 of 1.0.0) (traffic 10 -> 50)"


def test_the_reason_says_all_that_changed(history: History) -> None:
    history.commit(registration("credit", "1.0.0"))
    history.commit(table("deprecated", "sunset: 2027-03-01"))
    later = ("sunset: 2027-06-01", "replacement: 2.0.0", "migration: do it", "revision: 1")
    history.commit(table("deprecated", *later))
    assert told(history)[-1].reason == (
        "because (sunset 2027-03-01 -> 2027-06-01, replacement none -> 2.0.0, migration note)"
    )


def test_a_sunset_that_was_edited_by_hand_before_there_were_revisions_is_no_event(history: History) -> None:
    history.commit(registration("credit", "1.0.0"))
    history.commit(table("deprecated", "sunset: 2027-03-01"))
    before = told(history)
    history.commit(table("deprecated", "sunset: 2027-06-01", reason="edited"))
    assert told(history) == before


def test_what_came_later_keeps_its_number_after_an_edit_by_hand(history: History) -> None:
    history.commit(registration("credit", "1.0.0"))
    history.commit(table("canary", "traffic: 10"))
    history.commit(table("canary", "traffic: 50"))
    history.commit(table("production"))
    assert [event.tag for event in told(history)] == [
        "credit#canary#2",
        "credit#canary!#3",
        "credit#production#4",
    ]


def test_a_revision_that_was_forced_back_is_an_event_too(history: History) -> None:
    history.commit(registration("credit", "1.0.0"))
    history.commit(table("canary", "traffic: 10"))
    history.commit(table("canary", "traffic: 50", "revision: 1"))
    history.commit(table("canary", "traffic: 10"))
    assert told(history)[-1].reason == "because (traffic 50 -> 10)"


def test_the_first_stage_gives_no_events(history: History) -> None:
    history.commit(registration("credit", "1.0.0"))
    history.commit(table("development", "traffic: 10"))
    history.commit(table("development", "traffic: 50", "revision: 1"))
    assert told(history) == []


def _canary(world: World) -> None:
    world.register("credit", "1.0.0")
    world.promote("credit@1.0.0", "staging")
    world.promote("credit@1.0.0", "canary", "--traffic", "10")
    world.promote("credit@1.0.0", "canary", "--traffic", "50")


@pytest.fixture
def canary(started: Template) -> World:
    """A version that is in canary, and whose share of the traffic was changed there."""
    return started(_canary)


def test_the_history_tells_what_changed(canary: World) -> None:
    last = json.loads(canary.run("history", "credit", "--json").out)[-1]
    assert (last["action"], last["from"], last["to"]) == ("assigned", "canary", "canary")
    assert last["reason"] == "for canary (traffic 10 -> 50)"


def test_the_trail_verifies_and_goes_on(canary: World) -> None:
    canary.run("audit", "verify")
    canary.promote("credit@1.0.0", "production")
    assert "verified" in canary.run("audit", "verify").out
    assert json.loads(canary.run("history", "credit", "--json").out)[-1]["tag"] == "credit#production#7"


def test_a_tag_that_tells_another_share_is_found(canary: World) -> None:
    name = "credit#canary#5"
    text = canary.git("cat-file", "tag", name).replace("10 -> 50", "10 -> 20") + "\n"
    forged = canary.git("mktag", stdin=text)
    canary.git("update-ref", f"refs/tags/{name}", forged)
    ran = rollbook(canary.registry, "audit", "verify")
    assert ran.code == 1
    assert "RB604" in ran.out


def test_gto_shows_the_version_in_its_stage_once(canary: World) -> None:
    (row,) = show(str(canary.registry), "credit", assignments_per_version=-1, versions_per_stage=-1)
    assert {held["stage"] for held in row["stages"]} == {"canary"}


def test_what_is_recorded_is_recorded_once(canary: World) -> None:
    assert "everything that landed is recorded" in canary.run("audit", "record").err
