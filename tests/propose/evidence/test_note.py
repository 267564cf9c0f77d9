"""Noting what may change about a version."""

from __future__ import annotations

import json

import pytest

from building.world import World, rollbook

REF = "credit-approval@1.0.0"
PATH = "registry/credit-approval/versions/1.0.0/notes.yaml"


def notes(world: World) -> str:
    return world.git("show", f"main:{PATH}")


def shown(world: World) -> dict[str, object]:
    found: dict[str, object] = json.loads(world.run("show", REF, "--rev", "main", "--json").out)
    return found


def test_a_note_wins_over_the_manifest_which_stays_as_it_was(ready: World):
    ready.run("note", REF, "--description", "Weak on the young", "--tag", "reviewed=yes", "--land")
    found = shown(ready)
    assert found["description"] == "Weak on the young"
    assert found["tags"] == {"region": "eu", "reviewed": "yes"}
    assert found["manifest"]["description"] == "As registered"  # type: ignore[index]
    assert "Weak on the young (from notes.yaml)" in ready.run("show", REF, "--rev", "main").out


def test_a_description_alone_leaves_the_manifests_tags(ready: World):
    ready.run("note", REF, "--description", "Weak", "--land")
    assert shown(ready)["tags"] == {"region": "eu"}


def test_comments_in_the_notes_stay(ready: World):
    ready.run("note", REF, "--tag", "reviewed=yes", "--land")
    path = ready.registry / PATH
    path.write_text("# what the board asked for\nextra: {ticket: A-1} # open\n" + path.read_text())
    ready.git("commit", "--quiet", "-a", "-m", "Comment")
    ready.git("push", "--quiet", "origin", "main")
    ready.run("note", REF, "--tag", "board=yes", "--land")
    assert notes(ready).startswith("# what the board asked for\nextra: {ticket: A-1} # open\n")
    assert shown(ready)["notes"]["tags"] == {"reviewed": "yes", "board": "yes"}  # type: ignore[index]


def test_a_tag_is_taken_out(ready: World):
    ready.run("note", REF, "--tag", "a=1", "--tag", "b=2", "--land")
    ready.run("note", REF, "--remove-tag", "a", "--land")
    assert shown(ready)["notes"]["tags"] == {"b": "2"}  # type: ignore[index]


def test_an_empty_description_gives_the_manifests_back(ready: World):
    ready.run("note", REF, "--description", "Weak", "--land")
    ready.run("note", REF, "--description", "", "--land")
    assert shown(ready)["description"] == "As registered"


def test_two_notes_have_branches_of_their_own(ready: World):
    first = ready.run("note", REF, "--tag", "a=1").out.strip()
    second = ready.run("note", REF, "--tag", "b=2").out.strip()
    assert first != second
    assert first.startswith("rollbook/note/credit-approval/1.0.0-")


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ((), 2, "nothing to note"),
        (("--tag", "a=1", "--remove-tag", "a"), 2, "both set and removed"),
        (("--remove-tag", "none"), 1, "have no tag 'none'"),
        (("--remove-tag", "region"), 1, "--tag region=TEXT"),
        (("--description", ""), 1, "say so already"),
        (("--tag", "a b=1"), 1, "tags"),
        (("--tag", "=a"), 2, "NAME=VALUE"),
        (("--tag", ""), 2, "NAME=VALUE"),
    ],
)
def test_a_note_that_makes_no_sense_is_refused(ready: World, options, code, said):
    ran = rollbook(ready.registry, "note", REF, *options)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err


def test_the_same_note_twice_is_one_proposal(ready: World):
    ready.run("note", REF, "--tag", "a=1")
    ran = rollbook(ready.registry, "note", REF, "--tag", "a=1")
    assert ran.code == 1
    assert "exists already" in ran.err


def test_hostile_text_in_a_note_stays_text(ready: World):
    ready.run("note", REF, "--description", "{a: [1\n---\n...\n# x", "--land")
    assert shown(ready)["description"] == "{a: [1\n---\n...\n# x"


def test_a_tag_needs_no_text(ready: World):
    ready.run("note", REF, "--tag", "reviewed", "--land")
    assert shown(ready)["tags"] == {"region": "eu", "reviewed": ""}


def test_a_list_of_names_reads_as_tags_and_is_written_as_a_mapping_once_it_changes(ready: World):
    ready.write(PATH, "tags: [reviewed, open] # by hand\n")
    ready.commit("List the tags")
    assert shown(ready)["tags"] == {"region": "eu", "reviewed": "", "open": ""}
    assert "say so already" in rollbook(ready.registry, "note", REF, "--tag", "open").err
    ready.run("note", REF, "--tag", "tier=1", "--remove-tag", "open", "--land")
    assert shown(ready)["notes"]["tags"] == {"reviewed": "", "tier": "1"}  # type: ignore[index]
    assert "[" not in notes(ready)
