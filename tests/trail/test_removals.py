"""The event of a removal, and what verifying says of artifacts that went otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from building.world import git
from rollbook.trail.derive import derive
from rollbook.trail.event import Action, Event
from rollbook.trail.landings import landed_changes
from rollbook.trail.record import record
from rollbook.trail.verify import verify

from .histories import History, new_history, registration

if TYPE_CHECKING:
    from pathlib import Path

DIRECTORY = "registry/credit/versions/1.0.0"
POINTER = f"{DIRECTORY}/model.onnx.dvc"
RECORD = f"{DIRECTORY}/removed.yaml"
REMOVED = f"""\
model: credit
version: "1.0.0"
removed_at: 2026-02-01T09:00:00Z
removed_by: ana@example.com
reason: "full\\nAction: assigned"
stage: archived
artifact: {{sha256: {"a" * 64}, size: 1200, md5: {"b" * 32}}}
retention: {{}}
"""


@pytest.fixture
def history(tmp_path: Path) -> History:
    made = new_history(tmp_path / "registry.git")
    made.commit(registration("credit", "1.0.0") | {POINTER: f"outs:\n- md5: {'b' * 32}\n"})
    return made


def removals(history: History) -> list[Event]:
    changes = landed_changes(history.repository, "main")
    return [event for event in derive(history.repository, changes, {}) if event.action is Action.REMOVED]


def codes(history: History) -> list[str]:
    return [found.code for found in verify(history.repository).contradictions]


def test_a_removal_is_an_event_on_the_registration(history: History) -> None:
    brought = history.commit({RECORD: REMOVED, POINTER: None})
    (event,) = removals(history)
    assert (event.tag, event.start, event.target) == ("credit@v1.0.0!", "archived", "")
    assert (event.requested_by, event.reason) == ("ana@example.com", "full Action: assigned")
    assert (event.landed_in, event.number) == (brought, 2)
    assert event.commit != brought


def test_a_removal_is_recorded_once_however_often_its_file_comes(history: History) -> None:
    history.commit({RECORD: REMOVED, POINTER: None})
    record(history.repository)
    history.commit({RECORD: None})
    history.commit({RECORD: REMOVED})
    assert [event.tag for event in record(history.repository)] == []
    assert len(removals(history)) == 1


def test_a_record_that_can_not_be_read_is_an_event_still(history: History) -> None:
    history.commit({RECORD: "[", POINTER: None})
    (event,) = removals(history)
    assert (event.tag, event.reason) == ("credit@v1.0.0!", "")


def test_the_removal_of_an_unknown_version_is_none(history: History) -> None:
    history.commit({RECORD.replace("1.0.0", "2.0.0"): REMOVED})
    assert removals(history) == []


def test_a_pointer_that_went_with_its_record_is_no_contradiction(history: History) -> None:
    history.commit({RECORD: REMOVED, POINTER: None})
    record(history.repository)
    assert codes(history) == []


def test_a_pointer_that_went_alone_is_found(history: History) -> None:
    history.commit({POINTER: None})
    record(history.repository)
    assert codes(history) == ["RB611"]


def test_a_record_that_came_after_the_pointer_went_excuses_nothing(history: History) -> None:
    history.commit({POINTER: None})
    history.commit({RECORD: REMOVED})
    record(history.repository)
    assert codes(history) == ["RB611"]


def test_an_edited_record_is_found(history: History) -> None:
    history.commit({RECORD: REMOVED, POINTER: None})
    record(history.repository)
    history.commit({RECORD: REMOVED.replace("ana@", "eve@")})
    assert codes(history) == ["RB611"]


def test_a_removal_that_lost_its_tag_is_found_and_a_forged_one_too(history: History) -> None:
    history.commit({RECORD: REMOVED, POINTER: None})
    record(history.repository)
    tags = history.tags()
    git(history.directory, "update-ref", "-d", "refs/tags/credit@v1.0.0!")
    assert codes(history) == ["RB601"]
    git(history.directory, "update-ref", "refs/tags/credit@v1.0.0!", tags["credit@v1.0.0!"])
    git(history.directory, "update-ref", "refs/tags/credit@v9.9.9!", tags["credit@v1.0.0!"])
    assert codes(history) == ["RB603"]
