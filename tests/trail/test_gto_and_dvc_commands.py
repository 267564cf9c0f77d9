"""The commands of GTO and DVC, run as people run them, on a registry that Rollbook wrote."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from building.world import World

BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def lived_in(new_world: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Two versions; the newer one displaced the other from production. Only read."""
    world = new_world.copy(tmp_path_factory.mktemp("commands") / "world")
    for version in ("1.0.0", "1.2.0"):
        world.register("credit-approval", version)
        world.promote(f"credit-approval@{version}", "staging")
        world.promote(f"credit-approval@{version}", "production")
    return world


@pytest.fixture
def tool(lived_in: World) -> Callable[..., str]:
    def run(name: str, *arguments: str) -> str:
        command = [str(BIN / name), *arguments]
        done = subprocess.run(command, cwd=lived_in.registry, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_gto_show_tells_the_versions_in_each_stage(lived_in: World, tool: Callable[..., str]) -> None:
    shown = json.loads(tool("gto", "show", "--json"))["credit-approval"]
    (listed,) = json.loads(lived_in.run("list", "--json").out)
    assert shown["version"] == f"v{listed['latest']}"
    assert shown["stage"]["production"] == f"v{listed['stages']['production'][0]}"


def test_gto_history_tells_the_same_events(lived_in: World, tool: Callable[..., str]) -> None:
    events = json.loads(lived_in.run("history", "--json").out)
    by_gto = json.loads(tool("gto", "history", "credit-approval", "--json"))
    assert sorted(row["ref"] for row in by_gto if row["ref"]) == sorted(event["tag"] for event in events)


def test_gto_check_ref_tells_what_each_tag_records(lived_in: World, tool: Callable[..., str]) -> None:
    for event in json.loads(lived_in.run("history", "--json").out):
        if event["action"] == "unassigned":
            continue
        assert tool("gto", "check-ref", event["tag"], "--name").strip() == "credit-approval"
        assert tool("gto", "check-ref", event["tag"], "--version").strip() == f"v{event['version']}"


def test_dvc_get_brings_the_bytes_of_a_registration_tag(
    lived_in: World, tool: Callable[..., str], tmp_path: Path
) -> None:
    path = "registry/credit-approval/versions/1.2.0/model.bin"
    target = tmp_path / "got.bin"
    tool("dvc", "get", "--rev", "credit-approval@v1.2.0", str(lived_in.registry), path, "-o", str(target))
    assert target.read_bytes() == b"credit-approval 1.2.0"
