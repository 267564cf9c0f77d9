"""Back-filling: a version that was made before it is registered, by others, and that says so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from building.world import rollbook

if TYPE_CHECKING:
    from building.world import World

PATH = "registry/credit/versions/1.0.0/version.yaml"
BOB = ("--created-at", "2024-03-01", "--created-by", "bob@example.com")


def manifest(world: World, revision: str = "main") -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(world.git("show", f"{revision}:{PATH}"), yaml.BaseLoader)
    return found


def test_the_manifest_says_who_made_it_when_and_who_really_registered_it(world: World) -> None:
    world.register("credit", "1.0.0", *BOB)
    found = manifest(world)
    assert (found["created_at"], found["created_by"]) == ("2024-03-01T00:00:00Z", "bob@example.com")
    assert found["backfilled"]["registered_by"] == "jane@example.com"
    assert found["backfilled"]["registered_at"] > "2026"


def test_the_event_is_mains_its_requester_real_and_its_reason_says_back_filled(
    world: World,
) -> None:
    world.register("credit", "1.0.0", *BOB, "--description", "The first one")
    told = world.git(
        "for-each-ref", "--format=%(contents)%(taggerdate:iso-strict)", "refs/tags/credit@v1.0.0"
    )
    registered_at = manifest(world)["backfilled"]["registered_at"]
    assert "\nRequested-By: jane@example.com\n" in told
    assert f"\nRequested-At: {registered_at}\n" in told
    made = "back-filled: made at 2024-03-01T00:00:00Z by bob@example.com; The first one"
    assert f"\nReason: {made}\n" in told
    assert told.splitlines()[-1][:16] >= registered_at[:16]
    assert made in world.run("history", "credit").out
    assert world.run("audit", "verify").code == 0


def test_a_version_that_is_not_back_filled_says_nothing_of_it(world: World) -> None:
    world.register("credit", "1.0.0", "--description", "The first one")
    assert "backfilled" not in manifest(world)
    assert "\nReason: The first one\n" in world.git("cat-file", "-p", "credit@v1.0.0")


def test_who_made_it_may_be_told_alone(world: World) -> None:
    world.register("credit", "1.0.0", "--created-by", "bob@example.com")
    found = manifest(world)
    assert found["created_by"] == "bob@example.com"
    assert found["created_at"] == found["backfilled"]["registered_at"]


def test_a_new_model_is_owned_by_who_registers_it(world: World) -> None:
    world.register("credit", "1.0.0", *BOB)
    assert "owner: jane@example.com" in world.git("show", "main:registry/credit/model.yaml")


def test_show_tells_both(world: World) -> None:
    world.register("credit", "1.0.0", *BOB)
    out = world.run("show", "credit@1.0.0", "--rev", "main").out
    assert "made        2024-03-01T00:00:00Z by bob@example.com\n" in out
    assert "by jane@example.com (back-filled)\n" in out


@pytest.mark.parametrize(
    "options", [BOB, ("--created-at", "2024-03-01T09:30+02:00"), ("--created-by", "bob@example.com")]
)
def test_once_more_finds_the_branch_of_the_run_before(world: World, options: tuple[str, ...]) -> None:
    call = ("register", "credit", str(world.artifact()), "--version", "1.0.0", *options, "--json")
    first, second = (json.loads(world.run(*call).out) for _ in range(2))
    assert first["commit"] == second["commit"]


def test_another_date_is_another_version(world: World) -> None:
    call = ("register", "credit", str(world.artifact()), "--version", "1.0.0")
    world.run(*call, *BOB)
    ran = rollbook(world.registry, *call, "--created-at", "2024-03-02", "--created-by", "bob@example.com")
    assert (ran.code, "exists already" in ran.err) == (1, True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--created-at", "2999-01-01"), "is in the future"),
        (("--created-at", "soon"), "is not a date"),
        (("--created-at", "0001-01-01T00:00:00+14:00"), "is not a date"),
        (("--created-by", "bob\nRequested-By: eve"), "created_by"),
    ],
)
def test_what_can_not_have_been_is_refused(world: World, options: tuple[str, ...], said: str) -> None:
    ran = rollbook(world.registry, "register", "credit", str(world.artifact()), *options)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert world.git("branch", "--list", "rollbook/*") == ""


@pytest.mark.parametrize(
    "claim",
    [
        "created_by: bob@example.com",
        "created_at: 2024-03-01T00:00:00Z",
        "backfilled: {registered_by: bob@example.com, registered_at: 2024-03-01T00:00:00Z}",
    ],
)
def test_a_file_of_facts_does_not_say_who_registers(world: World, claim: str) -> None:
    facts = world.root / "facts.yaml"
    facts.write_text(f"{claim}\n")
    ran = rollbook(world.registry, "register", "credit", str(world.artifact()), "--from", str(facts))
    assert ran.code == 2
    assert "is filled in by register" in ran.err
    assert "--created-at" in ran.err


def test_a_registrar_of_another_name_than_the_author_of_the_commit_does_not_land(world: World) -> None:
    branch = world.run("register", "credit", str(world.artifact()), "--version", "1.0.0", *BOB).out.strip()
    world.git("switch", "--quiet", branch)
    world.write(PATH, world.read(PATH).replace("registered_by: jane@", "registered_by: ann@"))
    world.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    world.git("switch", "--quiet", "main")
    ran = rollbook(world.registry, "land", branch)
    assert ran.code == 1
    assert "RB227" in ran.err
    assert world.git("tag", "--list") == ""


def test_a_registration_in_the_future_does_not_land(world: World) -> None:
    branch = world.run("register", "credit", str(world.artifact()), "--version", "1.0.0", *BOB).out.strip()
    world.git("switch", "--quiet", branch)
    when = manifest(world, branch)["backfilled"]["registered_at"]
    world.write(PATH, world.read(PATH).replace(when, "2999-01-01T00:00:00Z"))
    world.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    world.git("switch", "--quiet", "main")
    ran = rollbook(world.registry, "land", branch)
    assert (ran.code, "RB226" in ran.err) == (1, True)


def test_a_back_filled_version_moves_between_registries_under_who_brings_it(
    world: World, new_world: World
) -> None:
    world.register("credit", "1.0.0", *BOB)
    bundle = world.root / "moved.bundle"
    world.run("export", "credit@1.0.0", "--rev", "main", "--bundle", str(bundle))
    other = new_world.copy(world.root / "other")
    other.git("config", "user.email", "ann@example.com")
    other.run("import", "bundle", str(bundle), "--land")
    told = other.git("cat-file", "-p", "credit@v1.0.0")
    assert "\nRequested-By: ann@example.com\n" in told
    assert manifest(other) == manifest(world)
