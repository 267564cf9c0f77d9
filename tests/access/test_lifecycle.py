"""Rollback, deprecation and archiving: stage changes under names of their own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from worlds import rollbook

if TYPE_CHECKING:
    from building.once import Template
    from worlds import World


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


def test_a_second_rollback_goes_forward_again(served: World) -> None:
    served.run("rollback", "credit-approval", "--reason", "errors", "--land")
    served.run("rollback", "credit-approval", "--reason", "it was the network", "--land")
    assert holder(served) == "1.1.0"


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
