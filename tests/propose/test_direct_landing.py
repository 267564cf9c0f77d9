"""A change that lands without a branch: upon the commit that it was made upon, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from building.world import git
from rollbook.errors import Conflict, Refused
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


def test_a_commit_made_on_the_local_main_meanwhile_is_not_taken_back(world: World) -> None:
    world.run("register", "credit", str(world.artifact()), "--version", "1.0.0", "--land")
    repository = discover(world.registry)
    base = fetched_main(repository)
    planned = plan_note(repository, base, Reference("credit", "1.0.0"), tags={"seen": "yes"})[0]

    def meanwhile() -> None:
        world.git("commit", "-q", "--allow-empty", "-m", "mine")

    landing = land_change(repository, planned, meanwhile)
    assert git(world.origin, "rev-parse", "main") == landing.commit
    assert world.git("log", "-1", "--format=%s", "main") == "mine"
    assert world.git("status", "--porcelain") == ""
    with pytest.raises(Refused, match="main"):
        fetched_main(repository)


def test_a_landing_in_the_same_clone_that_went_further_is_not_taken_back(world: World) -> None:
    world.run("register", "credit", str(world.artifact()), "--version", "1.0.0", "--land")
    repository = discover(world.registry)
    base = fetched_main(repository)
    planned = plan_note(repository, base, Reference("credit", "1.0.0"), tags={"seen": "yes"})[0]
    hook = world.origin / "hooks/post-receive"
    hook.parent.mkdir(exist_ok=True)
    # It stands for another landing, between our push and our move of the local main.
    hook.write_text(
        "#!/bin/sh\nread old new ref\nunset GIT_DIR GIT_QUARANTINE_PATH\n"
        f"rm '{hook}'\n"
        "export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b\n"
        f"next=$(git --git-dir '{world.origin}' commit-tree -p $new -m further $new^{{tree}})\n"
        f"git --git-dir '{world.origin}' update-ref refs/heads/main $next\n"
        f"cd '{world.registry}' && git pull -q --ff-only origin main\n"
    )
    hook.chmod(0o755)
    land_change(repository, planned)
    assert not hook.exists()
    assert world.git("log", "-1", "--format=%s", "main") == "further"
    assert world.git("status", "--porcelain") == ""
