"""Proposing that artifacts go, and what becomes of a version whose artifact is gone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from building.world import World, git, rollbook

from .conftest import fill, write_policy

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template

OLD = "registry/credit/versions/0.1.0"


def prune(world: World, *options: str) -> None:
    world.run("prune", "credit", "--reason", "the bucket is full", "--land", *options)


def _prune(world: World) -> None:
    fill(world)
    prune(world)


@pytest.fixture
def pruned(started: Template) -> World:
    """A world in which what may go is removed."""
    return started(_prune)


def test_a_dry_run_says_what_goes_and_why_the_rest_stays(pruning: World) -> None:
    plan = json.loads(pruning.run("prune", "--dry-run", "--json").out)
    assert [(each["version"], each["stage"]) for each in plan["goes"]] == [("0.1.0", "archived")]
    assert {each["version"]: each["why"] for each in plan["stays"]} == {
        "0.2.0": "it was in production",
        "0.3.0": "it is in production; artifacts go from archived",
        "0.4.0": "it is in development; artifacts go from archived",
        "0.5.0": "it is the newest version",
    }
    assert plan["branch"] is None


def test_a_proposal_adds_the_record_and_takes_the_pointer_away(pruning: World) -> None:
    ran = pruning.run("prune", "--reason", "the bucket is full")
    assert ran.out == "rollbook/prune/credit/0.1.0\n"
    changed = pruning.git("diff", "--name-status", "main", "rollbook/prune/credit/0.1.0")
    assert changed.splitlines() == [f"D\t{OLD}/model.bin.dvc", f"A\t{OLD}/removed.yaml"]
    assert pruning.git("ls-files", f"{OLD}/model.bin.dvc"), "the checkout stays as it is"


def test_what_landed_is_recorded_under_the_name_that_gto_knows(pruning: World) -> None:
    ran = pruning.run("prune", "--reason", "the bucket is full", "--land")
    assert ran.out == "credit@v0.1.0!\tcredit@0.1.0: artifact removed; the record stays\n"
    (event,) = json.loads(pruning.run("history", "credit", "--action", "removed", "--json").out)
    told = {key: event[key] for key in ("tag", "from", "to", "reason", "requested_by")}
    assert told == {
        "tag": "credit@v0.1.0!",
        "from": "archived",
        "to": None,
        "reason": "the bucket is full",
        "requested_by": "jane@example.com",
    }
    assert event["commit"] == pruning.git("rev-parse", "credit@v0.1.0^{commit}")
    pruning.run("audit", "verify")
    assert json.loads(pruning.run("audit", "record", "--json").out) == []


def test_no_byte_leaves_the_remote_with_the_proposal(pruning: World) -> None:
    def files() -> set[Path]:
        return set(pruning.artifacts.rglob("*"))

    before = files()
    prune(pruning)
    assert files() == before


def test_fetch_says_when_and_why_the_artifact_went(pruned: World) -> None:
    ran = rollbook(pruned.registry, "fetch", "credit@0.1.0")
    assert ran.code == 1
    assert "the artifact of credit@0.1.0 was removed on 20" in ran.err
    assert "by jane@example.com: the bucket is full" in ran.err


@pytest.mark.parametrize("command", ["resolve", "show"])
def test_resolve_and_show_answer_and_say_that_it_is_removed(pruned: World, command: str) -> None:
    ran = pruned.run(command, "credit@0.1.0", "--json")
    removed = json.loads(ran.out)["removed"]
    assert (removed["by"], removed["reason"]) == ("jane@example.com", "the bucket is full")
    assert "was removed on" in ran.err
    assert json.loads(pruned.run(command, "credit@0.2.0", "--json").out)["removed"] is None


@pytest.mark.parametrize(
    "verb", [("promote", "credit@0.1.0", "production"), ("gates", "credit@0.1.0", "production")]
)
def test_a_removed_version_goes_nowhere(pruned: World, verb: tuple[str, ...]) -> None:
    reason = ["--reason", "bring it back"] if verb[0] == "promote" else []
    ran = rollbook(pruned.registry, *verb, *reason)
    assert ran.code == 1
    assert "was removed" in ran.out + ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["list", "credit"],
        ["compare", "credit"],
        ["lineage", "credit@0.1.0"],
        ["bom", "credit@0.1.0"],
        ["card", "credit@0.1.0"],
        ["history", "credit"],
        ["check", "--all"],
        ["storage"],
        ["evidence", "add", "credit@0.1.0", "fairness", "--status", "passed"],
        ["note", "credit@0.1.0", "--tag", "gone=yes"],
    ],
)
def test_the_record_of_a_removed_version_still_serves(pruned: World, arguments: list[str]) -> None:
    pruned.run(*arguments)


def test_a_stage_names_the_newest_version_that_has_its_artifact(pruning: World) -> None:
    pruning.run("archive", "credit@0.4.0", "--reason", "old", "--land")
    assert pruning.run("resolve", "credit@archived", "--field", "version").out == "0.4.0\n"
    write_policy(pruning, "retention: {keep_unpromoted: 1, keep_days: 0, days_there: 0}\n")
    prune(pruning)
    assert json.loads(pruning.run("list", "--json").out)[0]["stages"]["archived"] == ["0.2.0"]
    assert pruning.run("resolve", "credit@archived", "--field", "version").out == "0.2.0\n"


def test_the_listing_of_versions_marks_the_removed(pruned: World) -> None:
    listed = json.loads(pruned.run("list", "credit", "--json").out)
    assert [each["version"] for each in listed if each["removed"]] == ["0.1.0"]
    assert "archived (artifact removed)" in pruned.run("list", "credit").out


def test_dvc_pull_of_the_registry_works_after_the_bytes_are_gone(pruning: World) -> None:
    import subprocess
    import sys

    prune(pruning)
    pruning.run("sweep", "--yes")
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "pull", "-q"], cwd=pruning.registry, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert (pruning.registry / "registry/credit/versions/0.5.0/model.bin").read_bytes() == b"credit 0.5.0"
    assert not (pruning.registry / OLD / "model.bin").exists()


def test_nothing_goes_without_rules(pruning: World) -> None:
    write_policy(pruning, "")
    ran = rollbook(pruning.registry, "prune", "credit@0.1.0", "--reason", "full")
    assert (ran.code, "let nothing go" in ran.err) == (1, True)


@pytest.mark.parametrize(
    ("reference", "why"),
    [("credit@0.2.0", "it was in production"), ("credit@0.5.0", "it is the newest version")],
)
def test_a_version_that_must_stay_is_refused_with_its_reason(
    pruning: World, reference: str, why: str
) -> None:
    ran = rollbook(pruning.registry, "prune", reference, "--reason", "full")
    assert (ran.code, why in ran.err) == (1, True)


def test_a_second_pruning_of_the_same_version_is_told_that_it_is_gone(pruned: World) -> None:
    ran = rollbook(pruned.registry, "prune", "credit@0.1.0", "--reason", "again")
    assert (ran.code, "was removed on" in ran.err) == (1, True)


@pytest.mark.parametrize(
    "arguments", [["prune"], ["prune", "--dry-run", "--land"], ["prune", "--reason", " "]]
)
def test_a_call_without_sense_is_refused(pruning: World, arguments: list[str]) -> None:
    assert rollbook(pruning.registry, *arguments).code == 2


def test_a_shallow_clone_is_refused(pruning: World) -> None:
    git(pruning.root, "clone", "--quiet", "--depth=1", f"file://{pruning.origin}", "shallow")
    ran = rollbook(pruning.root / "shallow", "prune", "--dry-run")
    assert (ran.code, "shallow" in ran.err) == (1, True)


def test_an_earlier_state_tells_that_the_artifact_was_there(pruning: World) -> None:
    before = pruning.git("rev-parse", "main")
    prune(pruning)
    assert json.loads(pruning.run("show", "credit@0.1.0", "--rev", before, "--json").out)["removed"] is None
