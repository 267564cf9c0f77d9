"""A change that lands without a branch: upon the commit that it was made upon, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rollbook.errors import Conflict
from rollbook.git.repository import discover
from rollbook.names import Reference
from rollbook.propose.direct_landing import fetched_main, land_change
from rollbook.propose.new_note import plan_note

if TYPE_CHECKING:
    from building.world import World

NOTES = "registry/credit/versions/1.0.0/notes.yaml"


@pytest.fixture
def alone(world: World) -> World:
    """A registry without a remote, with credit@1.0.0."""
    world.run("register", "credit", str(world.artifact()), "--version", "1.0.0", "--land")
    world.git("remote", "remove", "origin")
    return world


def test_a_change_is_one_commit_on_main_that_the_checkout_follows(alone: World) -> None:
    repository = discover(alone.registry)
    base = fetched_main(repository)
    planned = plan_note(repository, base, Reference("credit", "1.0.0"), tags={"seen": "yes"})[0]
    landing = land_change(repository, planned)
    assert alone.git("rev-parse", "main", "main~1").split() == [landing.commit, base]
    assert "seen" in (alone.registry / NOTES).read_text()
    assert alone.git("status", "--porcelain") == ""


def test_of_two_that_land_at_once_without_a_remote_none_takes_back_the_other(alone: World) -> None:
    repository = discover(alone.registry)
    base = fetched_main(repository)
    planned = plan_note(repository, base, Reference("credit", "1.0.0"), tags={"seen": "yes"})[0]

    def meanwhile() -> None:
        alone.git("commit", "-q", "--allow-empty", "-m", "another")

    with pytest.raises(Conflict):
        land_change(repository, planned, meanwhile)
    assert alone.git("log", "-1", "--format=%s", "main") == "another"
    assert alone.git("status", "--porcelain") == ""
    assert not (alone.registry / NOTES).exists()
