"""The hook that `init` writes and the one this repository offers, run by pre-commit itself."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml
from workflow_runner import BIN, ROOT, tool

from building.world import ACTION
from rollbook.cli import COMMANDS
from rollbook.propose.new_registry import template

if TYPE_CHECKING:
    from pathlib import Path

    from building.world import World

STAGES = "registry/credit-approval/stages.yaml"
GOOD = """\
staging:
  - version: 1.0.0
    reason: to try it
    requested_by: jane@example.com
    requested_at: 2026-11-21T09:00:00Z
"""
BAD = GOOD.replace("1.0.0", "9.9.9")


@pytest.fixture
def guarded(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    """A registry with one model, and pre-commit switched on."""
    world.register("credit-approval", "1.0.0")
    world.git("pull", "--quiet", "--ff-only")
    (world.registry / ".pre-commit-config.yaml").write_text(template("pre-commit-config.yaml", None))
    world.git("commit", "--quiet", "--all", "-m", "Take the hook from the installed Rollbook")
    monkeypatch.setenv("PATH", f"{BIN}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "pre-commit"))
    subprocess.run(
        [tool("pre-commit", "pre-commit"), "install"], cwd=world.registry, check=True, capture_output=True
    )
    return world


def _commit(world: World, *paths: str) -> subprocess.CompletedProcess[str]:
    command = ["git", "commit", "--quiet", "-m", "Try it", *(["--", *paths] if paths else [])]
    return subprocess.run(command, cwd=world.registry, capture_output=True, text=True, check=False)


def _stage(world: World, content: str) -> None:
    (world.registry / STAGES).write_text(content)
    world.git("add", STAGES)


def test_a_good_change_is_committed(guarded: World) -> None:
    _stage(guarded, GOOD)
    done = _commit(guarded)
    assert done.returncode == 0, done.stderr
    assert "rollbook check --staged" in done.stderr
    assert guarded.git("log", "-1", "--format=%s") == "Try it"


def test_a_stage_that_holds_a_version_that_does_not_exist_is_refused(guarded: World) -> None:
    _stage(guarded, BAD)
    done = _commit(guarded)
    assert done.returncode == 1
    assert STAGES in done.stderr
    assert "9.9.9" in done.stderr


def test_a_bad_file_that_is_staged_is_refused_though_the_working_tree_holds_a_good_one(
    guarded: World,
) -> None:
    _stage(guarded, BAD)
    (guarded.registry / STAGES).write_text(GOOD)
    assert _commit(guarded).returncode == 1
    assert (guarded.registry / STAGES).read_text() == GOOD


def test_a_good_file_that_is_staged_passes_though_the_working_tree_holds_a_bad_one(guarded: World) -> None:
    _stage(guarded, GOOD)
    (guarded.registry / STAGES).write_text(BAD)
    done = _commit(guarded)
    assert done.returncode == 0, done.stderr
    assert (guarded.registry / STAGES).read_text() == BAD


def test_a_commit_of_named_files_is_judged_by_what_it_will_hold(guarded: World) -> None:
    _stage(guarded, GOOD)
    assert _commit(guarded).returncode == 0
    (guarded.registry / STAGES).write_text(BAD)
    assert _commit(guarded, STAGES).returncode == 1


def test_a_commit_that_leaves_the_registry_alone_does_not_wait_for_the_check(guarded: World) -> None:
    (guarded.registry / "README.md").write_text("Our models.\n")
    guarded.git("add", "README.md")
    done = _commit(guarded)
    assert done.returncode == 0
    assert "(no files to check)Skipped" in done.stderr


def test_pre_commit_accepts_the_manifest_of_hooks_and_the_projects_own_configuration() -> None:
    for kind, name in (("manifest", ".pre-commit-hooks.yaml"), ("config", ".pre-commit-config.yaml")):
        command = [tool("pre-commit", "pre-commit"), f"validate-{kind}", name]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_init_takes_the_hook_from_the_commit_that_the_workflows_run(world: World) -> None:
    (source,) = yaml.safe_load((world.registry / ".pre-commit-config.yaml").read_text())["repos"]
    repository, _, commit = ACTION.partition("@")
    assert (source["repo"], source["rev"]) == (f"https://github.com/{repository}", commit)
    offered = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    assert {hook["id"] for hook in source["hooks"]} <= offered


def test_every_hook_that_is_offered_runs_a_command_that_exists() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert [hook["id"] for hook in hooks] == ["rollbook-check", "rollbook-card", "rollbook-codeowners"]
    assert all(hook["entry"].split()[0] == "rollbook" for hook in hooks)
    assert {hook["entry"].split()[1] for hook in hooks} <= COMMANDS.keys()
