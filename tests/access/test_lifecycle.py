"""Rollback, deprecation and archiving: stage changes under names of their own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from building.world import rollbook

if TYPE_CHECKING:
    from building.once import Template
    from building.world import World


def serve(world: World) -> None:
    """Version 1.0.0 was in production, 1.1.0 is."""
    for version in ("1.0.0", "1.1.0"):
        world.register("credit-approval", version)
        world.promote(f"credit-approval@{version}", "staging")
        world.promote(f"credit-approval@{version}", "production")


@pytest.fixture
def served(started: Template) -> World:
    return started(serve)


def holder(world: World, stage: str = "production") -> str:
    found: str = json.loads(world.run("resolve", f"credit-approval@{stage}", "--json").out)["version"]
    return found


def test_a_rollback_brings_back_what_production_held_before(served: World) -> None:
    served.run("rollback", "credit-approval", "--reason", "errors since the release", "--land")
    assert holder(served) == "1.0.0"
    assert holder(served, "archived") == "1.1.0"


def test_a_rollback_is_recorded_like_any_stage_change(served: World) -> None:
    served.run("rollback", "credit-approval", "--reason", "errors since the release", "--land")
    events = json.loads(served.run("history", "credit-approval", "--json").out)
    moved = [
        (event["version"], event["from"], event["reason"])
        for event in events
        if (event["action"], event["to"]) == ("assigned", "production")
    ]
    assert moved[-1] == ("1.0.0", "archived", "errors since the release")


def test_the_version_that_a_rollback_takes_out_says_why_it_left(served: World) -> None:
    served.run("rollback", "credit-approval", "--reason", "errors since the release", "--land")
    events = json.loads(served.run("history", "credit-approval", "--json").out)
    reasons = [
        event["reason"] for event in events if (event["version"], event["to"]) == ("1.1.0", "archived")
    ]
    assert set(reasons) == {"rolled back to 1.0.0: errors since the release"}


def third_in_production(world: World) -> None:
    serve(world)
    world.register("credit-approval", "1.2.0")
    world.promote("credit-approval@1.2.0", "staging")
    world.promote("credit-approval@1.2.0", "production")


def test_a_second_rollback_goes_further_back_and_not_to_what_was_just_taken_out(started: Template) -> None:
    world = started(third_in_production)
    for expected in ("1.1.0", "1.0.0"):
        world.run("rollback", "credit-approval", "--reason", "errors", "--land")
        assert holder(world) == expected


def test_after_the_first_version_there_is_nothing_to_roll_back_to(served: World) -> None:
    served.run("rollback", "credit-approval", "--reason", "errors", "--land")
    ran = rollbook(served.registry, "rollback", "credit-approval", "--reason", "errors still")
    assert ran.code == 1
    assert "knows of no version" in ran.err
    assert "--to VERSION" in ran.err


def test_a_version_that_was_mended_and_promoted_again_is_rolled_back_like_a_new_one(served: World) -> None:
    served.run("rollback", "credit-approval", "--reason", "it was the network", "--land")
    served.run(
        "promote", "credit-approval@1.1.0", "production", "--reason", "the network is mended", "--land"
    )
    served.run("rollback", "credit-approval", "--reason", "errors", "--land")
    assert holder(served) == "1.0.0"


def test_versions_that_are_skipped_are_not_rolled_back_to(started: Template) -> None:
    world = started(third_in_production)
    world.run("rollback", "credit-approval", "--skip", "v1.1.0", "--reason", "errors", "--land")
    assert holder(world) == "1.0.0"


def test_a_rollback_to_a_version_of_choice(served: World) -> None:
    ran = served.run("rollback", "credit-approval", "--to", "1.0.0", "--reason", "errors")
    assert ran.out == "rollbook/rollback/credit-approval/1.0.0-production\n"
    assert holder(served) == "1.1.0"


def test_without_a_past_there_is_nothing_to_roll_back_to(world: World) -> None:
    world.register("credit-approval", "1.0.0")
    ran = rollbook(world.registry, "rollback", "credit-approval", "--reason", "errors")
    assert ran.code == 1
    assert "knows of no version" in ran.err


def test_a_rollback_needs_a_legal_transition(served: World) -> None:
    served.register("credit-approval", "1.2.0")
    ran = rollbook(served.registry, "rollback", "credit-approval", "--to", "1.2.0", "--reason", "x")
    assert ran.code == 1
    assert "no transition from development to production" in ran.err


def test_a_version_is_archived(served: World) -> None:
    served.run("archive", "credit-approval@1.1.0", "--reason", "not needed", "--land")
    assert holder(served, "archived") == "1.1.0"


def test_a_deprecated_version_says_what_replaces_it_until_when(served: World) -> None:
    served.register("credit-approval", "2.0.0")
    served.run(
        "deprecate", "credit-approval@1.1.0", "--replacement", "credit-approval@2.0.0",
        "--sunset", "2099-06-30", "--migration", "rename the column `income`",
        "--reason", "2.0.0 is out", "--land",
    )  # fmt: skip
    moved = json.loads(served.run("show", "credit-approval@1.1.0", "--json").out)["transition"]
    assert (moved["stage"], moved["replacement"], moved["sunset"]) == (
        "deprecated",
        "credit-approval@2.0.0",
        "2099-06-30",
    )
