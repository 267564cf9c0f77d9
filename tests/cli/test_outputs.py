"""Where a command writes a file that its caller names, and where there is no room for one."""

from __future__ import annotations

import os
import tempfile
import threading
from typing import TYPE_CHECKING

import pytest

from building.world import rollbook

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template
    from building.world import World

COMMANDS = [
    ("card", "churn@1.0.0", "-o"),
    ("history", "--format", "json", "-o"),
    ("check", "--base", "main~1", "--head", "main", "--summary"),
]


def _registered(world: World) -> None:
    world.register("churn", "1.0.0")


@pytest.fixture
def registered(template: Template) -> World:
    return template(_registered)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_pipe_takes_an_output(registered: World, tmp_path: Path, command: tuple[str, ...]) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    taken: list[str] = []
    reader = threading.Thread(target=lambda: taken.append(pipe.read_text()), daemon=True)
    reader.start()
    assert rollbook(registered.registry, *command, str(pipe)).code == 0
    reader.join(20)
    assert "churn" in taken[0]
    assert pipe.is_fifo()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_what_other_steps_of_a_workflow_wrote_stays(
    registered: World, tmp_path: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary"
    summary.write_text("Built.\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert rollbook(registered.registry, *command, str(summary)).code == 0
    assert summary.read_text().startswith("Built.\n")
    assert "churn" in summary.read_text()


def test_a_trail_that_there_is_no_room_to_verify_is_not_tampered_with(
    registered: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    ran = rollbook(registered.registry, "audit", "verify")
    assert (ran.code, "the trail can't be verified: No such file or directory" in ran.err) == (3, True)


def test_a_trail_that_there_is_no_git_to_verify_by_is_not_tampered_with(
    registered: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ran = rollbook(registered.registry, "audit", "verify")
    assert (ran.code, "git is not installed" in ran.err) == (3, True)
