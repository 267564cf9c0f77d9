"""Whatever the history: what is recorded is what main says, and nothing can be done to a tag unseen.

Each history is written by a real git. `ROLLBOOK_HISTORIES` says how many are tried; a few by default.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from building.world import git
from rollbook.trail.derive import derive
from rollbook.trail.head import Head, head
from rollbook.trail.landings import landed_changes
from rollbook.trail.reconcile import Main, compare
from rollbook.trail.record import record
from rollbook.trail.standing_tags import sorted_out, standing
from rollbook.trail.tag import recorded_trail
from rollbook.trail.witness import witness_contradictions

from .histories import new_history
from .test_trail import STEP, play
from .verifying import object_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.trail.event import Event

HISTORIES = int(os.environ.get("ROLLBOOK_HISTORIES", "20"))
MUTATIONS = 20  # of each history


class Trail:
    """A recorded trail, its tags' bytes by name, and what there is to compare them with."""

    def __init__(self, directory: Path, steps: list[tuple[object, ...]]) -> None:
        history = new_history(directory)
        self.expected = play(history, steps)  # type: ignore[arg-type]
        self.recorded = [event.tag for event in record(history.repository)]
        repository = history.repository
        self.derived: list[Event] = list(derive(repository, landed_changes(repository, "main"), {}))
        self.told = {name: tag.event for name, tag in recorded_trail(repository).tags.items()}
        commits = git(directory, "rev-list", "--reverse", "--first-parent", "main").split()
        order = {commit: place for place, commit in enumerate(commits)}
        began: dict[str, int] = {}
        for event in self.derived:
            began.setdefault(event.model, order[event.landed_in])
        self.main = Main(order, began)
        self.head: Head = head(repository)
        self.tags = {
            tag.name: tag.payload + tag.signature.encode() for tag in standing(repository).tags.values()
        }

    def wrong(self, tags: Mapping[str, bytes]) -> list[str]:
        """The codes of what verifying finds with these tags, and a witness of the trail as it was."""
        found = sorted_out((name, object_id(data), data) for name, data in tags.items())
        told = compare(self.derived, found, self.main)
        told += witness_contradictions(self.head, self.derived, found, self.main.order)
        return [item.code for item in told]


def mutated(tags: dict[str, bytes], data: st.DataObject) -> dict[str, bytes]:
    """The tags after one thing was done to one of them."""
    name = data.draw(st.sampled_from(sorted(tags)))
    old, changed = tags[name], dict(tags)
    deed = data.draw(
        st.sampled_from(["replace", "insert", "delete", "cut", "rename", "copy", "swap", "remove"])
    )
    place = data.draw(st.integers(0, len(old) - 1))
    byte = bytes([data.draw(st.integers(0, 255))])
    if deed == "replace":
        changed[name] = old[:place] + byte + old[place + 1 :]
    elif deed == "insert":
        changed[name] = old[:place] + byte + old[place:]
    elif deed == "delete":
        changed[name] = old[:place] + old[place + 1 :]
    elif deed == "cut":
        changed[name] = old[:place]
    elif deed in ("rename", "copy"):
        changed[f"credit#staging#{place}"] = old
        if deed == "rename":
            del changed[name]
    elif deed == "swap":
        other = data.draw(st.sampled_from(sorted(tags)))
        changed[name], changed[other] = tags[other], old
    else:
        del changed[name]
    return changed


@settings(
    max_examples=HISTORIES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.lists(STEP, min_size=1, max_size=5), st.data())
def test_the_trail_is_the_history_and_any_change_of_a_tag_is_found(
    steps: list[tuple[object, ...]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        trail = Trail(Path(directory) / "registry.git", steps)
    assert trail.recorded == trail.expected
    assert [trail.told[event.tag] for event in trail.derived] == trail.derived
    assert trail.wrong(trail.tags) == []
    if trail.tags:
        for _ in range(MUTATIONS):
            changed = mutated(trail.tags, data)
            assert changed == trail.tags or trail.wrong(changed)
