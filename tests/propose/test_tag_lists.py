"""Tags may be a list of names wherever they are a mapping, and mean the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

from building.world import rollbook

if TYPE_CHECKING:
    from building.world import World

RECORD = "registry/credit/model.yaml"
MANIFEST = "registry/credit/versions/1.0.0/version.yaml"


def facts(world: World, text: str) -> tuple[str, str]:
    path = world.root / "facts.yaml"
    path.write_text(text)
    return "--from", str(path)


def test_a_list_in_a_file_of_facts_is_written_as_a_mapping(world: World) -> None:
    world.register("credit", "1.0.0", *facts(world, "tags: [lending, eu]"), "--tag", "tier=1", "--tag", "new")
    found = yaml.safe_load(world.git("show", f"main:{MANIFEST}"))
    assert found["tags"] == {"lending": "", "eu": "", "tier": "1", "new": ""}


@pytest.mark.parametrize("text", ["tags: lending", "tags: [1]", "tags: [[a]]"])
def test_other_forms_are_refused(world: World, text: str) -> None:
    ran = rollbook(world.registry, "register", "credit", str(world.artifact()), *facts(world, text))
    assert (ran.code, "tags: a mapping" in ran.err) == (2, True)


def test_a_list_in_a_model_and_in_a_manifest_is_shown_and_queried_as_tags(world: World) -> None:
    world.register("credit", "1.0.0")
    world.write(RECORD, "name: credit\nowner: jane@example.com\ntags: [lending, eu]\n")
    world.commit()
    found = json.loads(world.run("show", "credit@1.0.0", "--json").out)
    assert found["record"]["tags"] == {"lending": "", "eu": ""}
    rows = world.run("query", "SELECT name FROM tags WHERE model = 'credit' ORDER BY name").out.split()
    assert rows == ["name", "eu", "lending"]
    assert world.run("check", "--all").code == 0
    world.run("model", "edit", "credit", "--tag", "tier=1", "--remove-tag", "eu", "--land")
    assert yaml.safe_load(world.git("show", f"main:{RECORD}"))["tags"] == {"lending": "", "tier": "1"}


@pytest.mark.parametrize("tags", ["[a, a]", "[a b]", "[1]", "['']"])
def test_a_list_of_what_are_no_names_is_a_finding(world: World, tags: str) -> None:
    world.register("credit", "1.0.0")
    world.write(RECORD, f"name: credit\nowner: jane@example.com\ntags: {tags}\n")
    ran = rollbook(world.registry, "check")
    assert (ran.code, "RB102" in ran.out) == (1, True)


def test_a_gate_reads_both(world: World) -> None:
    world.register("credit", "1.0.0")
    world.policy('gates: [{gate: required-tags, to: [staging], tags: {reviewed: ""}}]\n')
    assert "RB407" in rollbook(world.registry, "promote", "credit@1.0.0", "staging", "--reason", "x").err
    world.write("registry/credit/versions/1.0.0/notes.yaml", "tags: [reviewed]\n")
    world.commit()
    world.promote("credit@1.0.0", "staging")


def test_a_card_tells_a_tag_without_a_text_by_its_name(world: World) -> None:
    world.register("credit", "1.0.0", "--tag", "lending", "--tag", "tier=1")
    card = world.run("card", "credit@1.0.0", "--rev", "main").out
    assert "| Tags | lending, tier: 1 |" in card
    assert "  - lending\n  - tier:1\n" in card
