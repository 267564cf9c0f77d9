"""A store that should be there is never made anew in silence."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from building.world import git, rollbook

if TYPE_CHECKING:
    from pathlib import Path

    from building.world import World


@pytest.fixture
def elsewhere(world: World) -> Path:
    """A clone in another place, from which a relative address leads nowhere; credit@1.0.0 has landed."""
    ran = rollbook(
        world.registry, "register", "credit", str(world.artifact()), "--version", "1.0.0", "--land"
    )
    assert ran.code == 0, ran.err
    home = world.root / "else" / "where"
    home.mkdir(parents=True)
    origin = world.registry / world.git("remote", "get-url", "origin")
    git(home, "clone", "-q", str(origin.resolve()), "clone")
    clone: Path = home / "clone"
    git(clone, "config", "user.name", "Bob")
    git(clone, "config", "user.email", "bob@example.com")
    return clone


def register(clone: Path, artifact: Path) -> list[str]:
    return ["register", "credit", str(artifact), "--version", "2.0.0"]


def test_a_version_is_not_stored_where_nobody_finds_it(world: World, elsewhere: Path) -> None:
    before = sorted(elsewhere.parent.iterdir())
    ran = rollbook(elsewhere, *register(elsewhere, world.artifact(b"two")))
    assert ran.code == 1
    assert "no artifact is kept there, and the registry has some" in ran.err
    assert "dvc remote modify --local" in ran.err
    assert sorted(elsewhere.parent.iterdir()) == before
    assert git(elsewhere, "branch", "--list", "rollbook/*") == ""


def test_the_hint_leads_to_the_store(world: World, elsewhere: Path) -> None:
    config = f"['remote \"artifacts\"']\n    url = {world.artifacts}\n"
    (elsewhere / ".dvc" / "config.local").write_text(config)
    assert rollbook(elsewhere, *register(elsewhere, world.artifact(b"two"))).code == 0


def test_evidence_is_not_attached_where_nobody_finds_it(world: World, elsewhere: Path) -> None:
    report = [
        "evidence",
        "add",
        "credit@1.0.0",
        "fairness",
        "--status",
        "passed",
        "--attach",
        str(world.artifact()),
    ]
    ran = rollbook(elsewhere, *report)
    assert (ran.code, "no artifact is kept there" in ran.err) == (1, True)


def test_a_folder_that_is_not_mounted_is_no_store(world: World, elsewhere: Path) -> None:
    shutil.rmtree(world.artifacts)
    world.artifacts.mkdir()
    ran = rollbook(world.registry, *register(world.registry, world.artifact(b"two")))
    assert (ran.code, "no artifact is kept there" in ran.err) == (1, True)


def test_fetching_from_a_store_that_is_not_there_says_how_to_point_at_it(elsewhere: Path) -> None:
    ran = rollbook(elsewhere, "fetch", "credit@1.0.0", "-o", str(elsewhere / "out"))
    assert (ran.code, "dvc remote modify --local" in ran.err) == (1, True)
