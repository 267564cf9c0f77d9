"""What Rollbook writes into the git directory is on the list of what it remembers, and may go at any time."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from building.world import World, rollbook
from rollbook.cache.memory import MEMORIES, read_kept, write_kept

if TYPE_CHECKING:
    from pathlib import Path

QUESTIONS = (
    ["list"],
    ["check", "--all"],
    ["history"],
    ["query", "SELECT count(*) FROM events"],
    ["audit", "verify"],
)


def test_all_that_is_kept_is_on_the_list_and_nothing_is_lost_without_it(world: World) -> None:
    world.register("credit", "1.0.0")
    folder = world.registry / ".git" / "rollbook"
    answers = [rollbook(world.registry, *question).out for question in QUESTIONS]
    kept = {path.name for path in folder.iterdir()}
    assert {"listing", "index"} <= kept <= {memory.name for memory in MEMORIES}
    shutil.rmtree(folder)
    assert [rollbook(world.registry, *question).out for question in QUESTIONS] == answers


def test_names_are_given_once() -> None:
    assert len({memory.name for memory in MEMORIES}) == len(MEMORIES)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    write_kept(tmp_path / "kept", "kind 1", b"body")
    return tmp_path / "kept"


def test_what_was_written_is_read_again(kept: Path) -> None:
    assert read_kept(kept, "kind 1", 4) == b"body"


@pytest.mark.parametrize(("stamp", "most"), [("kind 2", 4), ("kind", 4), ("kind 1", 3)])
def test_another_kind_another_format_and_too_much_are_not_read(kept: Path, stamp: str, most: int) -> None:
    assert read_kept(kept, stamp, most) is None


@pytest.mark.parametrize("mode", [0o666, 0o620])
def test_what_others_may_write_is_not_believed(kept: Path, mode: int) -> None:
    kept.chmod(mode)
    assert read_kept(kept, "kind 1", 4) is None


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "kept" / "in the way").mkdir(parents=True)
    write_kept(tmp_path / "kept", "kind 1", b"body")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
