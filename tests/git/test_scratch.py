"""Judging in a repository that can't be written: a read-only mount, somebody else's files."""

from __future__ import annotations

import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template
    from building.world import World

NAMESPACE = ["unshare", "--mount", "--map-root-user"]
READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && cd "$0" && exec '


def _registered(world: World) -> None:
    """A version on main, and a branch from before it that makes a merge of its own."""
    world.register("churn", "1.0.0")
    world.git("checkout", "--quiet", "-b", "side", "main~1")
    world.write("README.md", "Models\n")
    world.git("add", "README.md")
    world.git("commit", "--quiet", "-m", "Say what this is")
    world.git("checkout", "--quiet", "main")


@pytest.fixture
def registered(template: Template) -> World:
    try:
        if subprocess.run([*NAMESPACE, "true"], capture_output=True).returncode:
            pytest.skip("there are no namespaces to mount in")
    except FileNotFoundError:
        pytest.skip("there is no unshare")
    return template(_registered)


def run_read_only(world: World, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = shlex.join([sys.executable, "-P", "-m", "rollbook", *arguments])
    place: Path = world.registry
    return subprocess.run(
        [*NAMESPACE, "sh", "-c", READ_ONLY + command, str(place)], capture_output=True, text=True
    )


@pytest.mark.parametrize(
    "command",
    [
        ("check", "--base", "main~1", "--head", "main"),
        ("check", "--base", "main", "--head", "side"),
        ("check", "--staged"),
    ],
)
def test_a_change_is_judged_where_nothing_can_be_written(registered: World, command: tuple[str, ...]) -> None:
    done = run_read_only(registered, *command)
    assert (done.returncode, done.stdout) == (0, "no errors\n"), done.stderr


def test_an_index_is_judged_where_nothing_can_be_written(registered: World, tmp_path: Path) -> None:
    world = registered.copy(tmp_path / "world")
    world.write("registry/churn/model.yaml", "bogus: 1\n")
    world.git("add", ".")
    done = run_read_only(world, "check", "--staged")
    assert (done.returncode, "bogus" in done.stdout) == (1, True), done.stderr


def test_what_can_be_judged_there_can_not_be_proposed(registered: World) -> None:
    done = run_read_only(registered, "promote", "churn@1.0.0", "staging", "--reason", "x")
    assert (done.returncode, "can't write to" in done.stderr) == (1, True), done.stderr
