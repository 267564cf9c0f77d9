"""When a version last came into its stage, or its entry there changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from building.texts import stages
from rollbook.trail.stage_times import last_changes

from .histories import START, new_history, registration

if TYPE_CHECKING:
    from pathlib import Path

PATH = "registry/credit/stages.yaml"


def test_it_is_the_arrival_or_the_last_change_of_the_entry(tmp_path: Path) -> None:
    history = new_history(tmp_path / "registry.git")
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        history.commit(registration("credit", version))
    arrived, changed = START + 10_000, START + 20_000
    both = stages(production=["1.0.0"], staging=["1.1.0"])
    history.commit({PATH: both}, at=arrived)
    shared = both.replace('reason: "for staging"', 'reason: "for staging", traffic: 10, revision: 1')
    history.commit({PATH: shared}, at=changed)
    told = last_changes(history.repository, "main")("credit")
    seconds = {version: int(moment.timestamp()) for version, moment in told.items()}
    assert changed <= seconds["1.1.0"] < changed + 10
    assert arrived <= seconds["1.0.0"] < arrived + 10
    assert seconds["1.2.0"] < arrived


def test_an_approval_that_is_added_changes_nothing(tmp_path: Path) -> None:
    history = new_history(tmp_path / "registry.git")
    history.commit(registration("credit", "1.0.0"))
    history.commit({PATH: stages(staging=["1.0.0"])}, at=START + 10_000)
    before = last_changes(history.repository, "main")("credit")
    approved = stages(staging=["1.0.0"]).replace(
        'reason: "for staging"', 'reason: "for staging", approvals: [{by: a}]'
    )
    history.commit({PATH: approved}, at=START + 20_000)
    assert last_changes(history.repository, "main")("credit") == before
