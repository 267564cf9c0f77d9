"""`rollbook land`: its output and its exit codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from building.world import rollbook

if TYPE_CHECKING:
    from building.once import Template
    from building.world import World

BRANCH = "rollbook/register/credit/1.0.0"


def propose(world: World) -> None:
    world.run("register", "credit", str(world.artifact()), "--version", "1.0.0")


@pytest.fixture
def proposed(started: Template) -> World:
    """A world with a proposal."""
    return started(propose)


def test_the_tags_are_the_result_on_stdout(proposed: World) -> None:
    ran = proposed.run("land", BRANCH)
    assert ran.out == "credit@v1.0.0\tcredit@1.0.0 registered\n"
    assert f"landed {BRANCH} on main as {proposed.git('rev-parse', 'main')[:12]}" in ran.err


def test_a_main_of_another_name_is_called_by_it(world: World) -> None:
    world.git("branch", "-q", "-m", "main", "trunk")
    world.git("push", "-q", "origin", "trunk")
    world.git("config", "rollbook.main", "trunk")
    propose(world)
    assert "on trunk as" in world.run("land", BRANCH).err


def test_json_tells_commit_and_tags(proposed: World) -> None:
    found = json.loads(proposed.run("land", BRANCH, "--json").out)
    expected = {"branch": BRANCH, "commit": proposed.git("rev-parse", "main"), "tags": ["credit@v1.0.0"]}
    assert found == expected


def test_keep_branch_keeps_it(proposed: World) -> None:
    proposed.run("land", BRANCH, "--keep-branch")
    assert proposed.git("rev-parse", BRANCH)


def test_an_unknown_branch_exits_with_1_and_lists_the_proposals(proposed: World) -> None:
    ran = rollbook(proposed.registry, "land", "nothing")
    assert (ran.code, ran.out) == (1, "")
    assert f"Open proposals: {BRANCH}" in ran.err


def test_main_itself_exits_with_2(world: World) -> None:
    assert rollbook(world.registry, "land", "main").code == 2


def test_findings_are_told_on_stderr_and_exit_with_1(world: World) -> None:
    world.git("checkout", "-q", "-b", "bad")
    (world.registry / "registry/policy.yaml").write_text("rollbook: [\n")
    world.git("commit", "-q", "-a", "-m", "bad")
    world.git("checkout", "-q", "main")
    ran = rollbook(world.registry, "land", "bad")
    assert (ran.code, ran.out) == (1, "")
    assert "registry/policy.yaml" in ran.err
    assert "bad can't land on main" in ran.err


def test_audit_record_says_when_nothing_is_left(proposed: World) -> None:
    proposed.run("land", BRANCH)
    ran = proposed.run("audit", "record")
    assert ran.out == ""
    assert "everything that landed is recorded" in ran.err


def test_audit_record_prints_each_tag(proposed: World) -> None:
    proposed.git("merge", "-q", "--no-ff", "-m", "by a forge", BRANCH)
    proposed.git("push", "-q")
    assert proposed.run("audit", "record").out == "credit@v1.0.0\tcredit@1.0.0 registered\n"
    assert json.loads(proposed.run("audit", "record", "--json").out) == []


def test_each_line_of_what_a_server_says_is_a_line(proposed: World) -> None:
    hook = proposed.origin / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nprintf 'not on\\nFridays\\n' >&2\nexit 1\n")
    hook.chmod(0o755)
    ran = rollbook(proposed.registry, "land", BRANCH)
    assert ran.code == 1
    assert "failed: remote: not on\n  remote: Fridays\n" in ran.err
    assert "\n  heads/main: [remote rejected] (pre-receive hook declined)\n" in ran.err
    assert "\\" not in ran.err
