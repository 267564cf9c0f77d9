from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from building.world import World, git, rollbook
from rollbook.git.repository import discover
from rollbook.trail.history import history

if TYPE_CHECKING:
    from pathlib import Path

KEYS = [
    "tag",
    "action",
    "event",
    "model",
    "version",
    "from",
    "to",
    "reason",
    "requested_by",
    "requested_at",
    "approved_by",
    "pull_request",
    "landed_in",
    "landed_at",
    "commit",
    "manifest_digest",
    "artifact_digest",
    "origin",
    "previous_event",
    "evidence",
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, new_world: World) -> World:
    """Two models; 1.0.0 of the first goes into production and is replaced by 1.1.0. Shared by the tests."""
    root = tmp_path_factory.mktemp("history") / "world"
    world = new_world.copy(root)
    world.register("credit", "1.0.0")
    world.register("risk/fraud", "0.1.0")
    world.register("credit", "1.1.0")
    for version in ("1.0.0", "1.1.0"):
        world.promote(f"credit@{version}", "staging")
        world.promote(f"credit@{version}", "production")
    return world


def events(world: World, *arguments: str) -> list[dict[str, object]]:
    return json.loads(world.run("history", *arguments, "--json").out)


def test_the_events_come_oldest_first(world: World):
    found = [(event["action"], event["version"], event["to"]) for event in events(world, "credit")]
    assert found[:2] == [("registered", "1.0.0", "development"), ("registered", "1.1.0", "development")]
    assert [to for action, version, to in found if version == "1.0.0" and action == "assigned"] == [
        "staging",
        "production",
        "archived",
    ]
    assert found[-1][1:] in {("1.1.0", "production"), ("1.0.0", "archived")}


def test_the_events_of_one_model_leave_the_others_out(world: World):
    assert {event["model"] for event in events(world)} == {"credit", "risk/fraud"}
    assert {event["model"] for event in events(world, "risk/fraud")} == {"risk/fraud"}


def test_every_event_has_exactly_these_keys(world: World):
    for event in events(world):
        assert list(event) == KEYS


def test_every_event_is_an_annotated_tag_of_its_commit(world: World):
    for event in events(world):
        assert world.git("cat-file", "-t", f"refs/tags/{event['tag']}") == "tag"
        assert world.git("rev-parse", f"refs/tags/{event['tag']}^{{commit}}") == event["commit"]


def test_a_promotion_tells_who_and_why(world: World):
    event = next(found for found in events(world, "credit") if found["to"] == "production")
    assert (event["from"], event["reason"], event["requested_by"]) == (
        "staging",
        "for production",
        "jane@example.com",
    )


def test_the_table_is_tab_separated_when_piped(world: World):
    lines = [line.split("\t") for line in world.run("history", "credit", "--events").out.splitlines()]
    assert lines[0] == ["when", "model", "version", "action", "from", "to", "by", "reason"]
    assert {len(line) for line in lines} == {8}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", lines[1][0])
    assert len(lines) == 1 + len(events(world, "credit"))


def test_only_what_had_happened_at_a_revision_is_listed(world: World):
    found = events(world, "--rev", "main~4", "credit")
    assert [event["version"] for event in found] == ["1.0.0", "1.1.0"]


def test_the_order_is_that_of_main_and_not_of_the_dates(world: World):
    found = [tag.name for tag in history(discover(world.registry), "main", "credit")]
    assert found == [event["tag"] for event in events(world, "credit")]
    landed = world.git("rev-list", "--first-parent", "--reverse", "main").split()
    places = [landed.index(str(event["landed_in"])) for event in events(world)]
    assert places == sorted(places)


def test_a_tag_that_is_no_event_is_passed_over(world: World):
    before = events(world)
    world.git("tag", "-a", "-m", "Model: credit\nVersion: 1.0.0\nAction: registered\nEvent: x", "noise")
    world.git("tag", "light")
    assert events(world) == before


def test_an_unknown_model_is_not_found(world: World):
    ran = rollbook(world.registry, "history", "credt")
    assert (ran.code, ran.out) == (1, "")
    assert "Did you mean credit?" in ran.err


@pytest.fixture
def fresh(new_world: World) -> Path:
    """A registry where nothing has happened yet. Read-only."""
    return new_world.registry


def test_a_registry_without_events_says_what_would_record_them(fresh: Path):
    ran = rollbook(fresh, "history")
    assert (ran.code, ran.out) == (0, "")
    assert "rollbook audit record" in ran.err


def test_no_events_are_an_empty_list_in_json(fresh: Path):
    assert rollbook(fresh, "history", "--json").out == "[]\n"


def test_a_file_that_is_named_for_the_output_holds_it(world: World, tmp_path: Path) -> None:
    for form in ("json", "jsonl", "csv"):
        printed = rollbook(world.registry, "history", "--format", form).out
        ran = rollbook(world.registry, "history", "--format", form, "-o", str(tmp_path / form))
        assert (ran.out, (tmp_path / form).read_bytes().decode()) == ("", printed)


def test_a_table_is_for_the_terminal_and_no_file(world: World, tmp_path: Path) -> None:
    assert rollbook(world.registry, "history", "-o", str(tmp_path / "table")).code == 2
    assert not (tmp_path / "table").exists()


def test_an_output_that_is_no_file_is_written_to_as_it_is(world: World):
    assert rollbook(world.registry, "history", "--format", "csv", "-o", "/dev/null").code == 0


def test_a_shallow_clone_says_that_it_does_not_tell_all(world: World, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{world.root / 'origin.git'}", "shallow")
    ran = rollbook(tmp_path / "shallow", "history")
    assert ran.code == 0
    assert "warning: this clone is shallow" in ran.err
    assert "git fetch --unshallow --tags" in ran.err
    assert "shallow" not in world.run("history").err


def test_a_clone_without_tags_says_how_to_get_them(world: World, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--no-tags", str(world.root / "origin.git"), "untagged")
    assert "git fetch --tags" in rollbook(tmp_path / "untagged", "history").err
