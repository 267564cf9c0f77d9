"""How a version came to its stage, by the model's tags alone: as all of main's history tells it, or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rollbook.git.repository import discover, resolve_commit
from rollbook.trail.occasion import arrivals_at, recorded_arrival

if TYPE_CHECKING:
    from building.once import Template
    from building.world import World

HOLDERS = [
    ("churn", "1.1.0", "production"),
    ("churn", "1.0.0", "archived"),
    ("churn", "1.1.0", "@champion"),
    ("risk/fraud", "1.0.0", "staging"),
]


def _moved(world: World) -> None:
    for version in ("1.0.0", "1.1.0"):
        world.register("churn", version)
        world.promote(f"churn@{version}", "staging")
        world.promote(f"churn@{version}", "production")
    world.register("risk/fraud", "1.0.0")
    world.promote("risk/fraud@1.0.0", "staging")
    for version in ("1.0.0", "1.1.0"):
        world.run("alias", f"churn@{version}", "champion", "--reason", "better", "--land")
    world.git("pull", "--quiet", "--ff-only", "--tags")


@pytest.fixture
def moved(started: Template) -> World:
    return started(_moved)


def _tip(world: World) -> str:
    return resolve_commit(discover(world.registry), "main")


@pytest.mark.parametrize("holder", HOLDERS)
def test_the_tags_tell_what_the_whole_history_tells(moved: World, holder: tuple[str, str, str]) -> None:
    repository = discover(moved.registry)
    told = recorded_arrival(repository, _tip(moved), holder)
    assert told is not None
    event, occasion = arrivals_at(repository, _tip(moved), [holder])[holder]
    assert told[1] == occasion
    # The derivation of one thing reads no manifests; a tag has all.
    assert (told[0].tag, told[0].landed_in, told[0].start) == (event.tag, event.landed_in, event.start)


def test_a_holder_that_is_none_has_no_arrival(moved: World) -> None:
    assert recorded_arrival(discover(moved.registry), _tip(moved), ("churn", "1.0.0", "canary")) is None


def test_a_tag_that_is_missing_leaves_it_to_the_history(moved: World) -> None:
    first, *_ = moved.git("tag", "--list", "churn#production#*").splitlines()
    moved.git("tag", "--delete", first)
    assert recorded_arrival(discover(moved.registry), _tip(moved), HOLDERS[0]) is None


def test_what_is_not_recorded_yet_leaves_it_to_the_history(moved: World) -> None:
    path = moved.registry / "registry" / "churn" / "stages.yaml"
    path.write_text(path.read_text().replace("reason: ", "reason: more "))
    moved.commit("Change the stages by hand")
    assert recorded_arrival(discover(moved.registry), _tip(moved), HOLDERS[0]) is None
    assert recorded_arrival(discover(moved.registry), _tip(moved), HOLDERS[3]) is not None


def test_a_policy_that_names_no_registry_leaves_it_to_the_history(started: Template) -> None:
    def unnamed(world: World) -> None:
        path = world.registry / "registry" / "policy.yaml"
        lines = [line for line in path.read_text().splitlines() if not line.startswith("registry:")]
        path.write_text("\n".join([*lines, ""]))
        world.commit("Name no registry")
        world.register("churn", "1.0.0")
        world.promote("churn@1.0.0", "staging")
        world.git("pull", "--quiet", "--ff-only", "--tags")

    world = started(unnamed)
    holder = ("churn", "1.0.0", "staging")
    repository = discover(world.registry)
    assert recorded_arrival(repository, _tip(world), holder) is None
    assert holder in arrivals_at(repository, _tip(world), [holder])
