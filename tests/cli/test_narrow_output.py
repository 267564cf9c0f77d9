"""What is printed where an encoding lacks the characters."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template
    from building.world import World

ASCII = [{"LC_ALL": "C", "PYTHONUTF8": "0"}, {"PYTHONIOENCODING": "ascii"}]
OLD = [{"PYTHONIOENCODING": "cp1252"}, {"PYTHONIOENCODING": "latin-1"}]


def _promoted(world: World) -> None:
    world.register("churn", "1.0.0")
    world.run("promote", "churn@1.0.0", "staging", "--reason", "größer → ✓", "--land")


@pytest.fixture
def promoted(template: Template) -> World:
    return template(_promoted)


def run(world: World, variables: dict[str, str], *arguments: str) -> tuple[int, bytes, bytes]:
    command = [sys.executable, "-P", "-m", "rollbook", *arguments]
    environment = {**os.environ, **variables}
    done = subprocess.run(command, cwd=world.registry, env=environment, capture_output=True)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("variables", ASCII)
def test_ascii_is_all_that_comes_where_it_is_all_that_is_known(
    promoted: World, variables: dict[str, str]
) -> None:
    code, out, _ = run(promoted, variables, "lineage", "churn@1.0.0")
    assert (code, out.isascii(), b"\n`-- stage " in out) == (0, True, True)
    code, out, _ = run(promoted, variables, "history")
    assert (code, b"gr\\xf6\\xdfer -> \\u2713" in out) == (0, True)


@pytest.mark.parametrize("variables", OLD)
def test_an_old_encoding_keeps_what_it_has(promoted: World, variables: dict[str, str]) -> None:
    code, out, _ = run(promoted, variables, "history")
    assert (code, "größer -> \\u2713".encode("latin-1") in out) == (0, True)
    code, out, _ = run(promoted, variables, "lineage", "churn@1.0.0")
    assert (code, b"\n`-- stage " in out) == (0, True)


@pytest.mark.parametrize("variables", [*ASCII, *OLD])
def test_an_error_is_told_in_any_encoding(promoted: World, variables: dict[str, str]) -> None:
    code, _, err = run(promoted, variables, "show", "churn@1.0.0→✓")
    assert code in (1, 2)
    assert (b"Traceback" in err, b"rror: " in err) == (False, True)


def test_a_file_that_cant_be_named_is_no_traceback(promoted: World, tmp_path: Path) -> None:
    world = promoted.copy(tmp_path / "world")
    (world.registry / "größe.bin").write_bytes(b"x")
    code, _, err = run(world, ASCII[0], "check")
    assert (code, b"Traceback" in err) == (1, False)
    assert b"gr\\xf6\\xdfe.bin can't be named" in err
    assert b"hint: Set PYTHONUTF8=1" in err
