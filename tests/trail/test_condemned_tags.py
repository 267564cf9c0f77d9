"""What an administrator may remove: what verifying condemns, and never what main or a sound tag rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from building.texts import stages
from building.world import git
from rollbook.trail.condemned_tags import condemned_tags

from .verifying import STAGES, put, recorded_history, replaced, tag_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from .histories import History


@pytest.fixture
def recorded(tmp_path: Path) -> History:
    return recorded_history(tmp_path / "registry.git")


def condemned(history: History) -> list[tuple[str, bool]]:
    """The names of what may be removed, and whether only by name."""
    return [(tag.name, tag.is_evidence) for tag in condemned_tags(history.repository)]


def test_a_sound_trail_has_none(recorded: History) -> None:
    assert condemned(recorded) == []


def test_a_forged_event_is_one(recorded: History) -> None:
    data = tag_bytes(recorded, "credit#production#4")
    put(recorded, "credit#archived#9", data.replace(b"credit#production#4", b"credit#archived#9"))
    assert condemned(recorded) == [("credit#archived#9", False)]


def test_a_second_name_of_a_good_tag_is_one(recorded: History) -> None:
    put(recorded, "credit#archived#9", tag_bytes(recorded, "credit#staging#2"))
    assert condemned(recorded) == [("credit#archived#9", False)]


def test_an_edited_tag_is_one_and_its_place_is_recorded_again(recorded: History) -> None:
    replaced(recorded, "credit#staging#2", "Reason: for staging", "Reason: other")
    assert ("credit#staging#2", False) in condemned(recorded)


def test_a_tag_that_later_ones_build_on_is_none(recorded: History) -> None:
    # As it came in: edited before the next tag was recorded after it.
    oid = replaced(recorded, "credit#production#4", "Reason: for production", "Reason: other")
    old = tag_bytes(recorded, "fraud@v1.0.0")
    previous = old.split(b"Previous-Event: ")[1][:40]
    put(recorded, "fraud@v1.0.0", old.replace(previous, oid.encode()))
    assert condemned(recorded) == []


def test_a_trace_of_a_main_that_was_rewritten_goes_by_its_name_alone(recorded: History) -> None:
    git(recorded.directory, "update-ref", "refs/heads/main", "main~2")
    recorded.commit({STAGES: stages(archived=["1.0.0"])})
    found = condemned(recorded)
    assert found
    assert all(is_evidence for _, is_evidence in found)
