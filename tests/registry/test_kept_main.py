"""Where main stands is told as `main_commit` tells it, whatever has moved since it was asked last."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from building.world import World, git
from rollbook.errors import Refused
from rollbook.git.config import setting
from rollbook.git.operation import one_operation
from rollbook.git.repository import discover
from rollbook.registry import kept_main
from rollbook.registry.kept_main import kept_main_commit
from rollbook.registry.main_branch import main_commit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rollbook.git.repository import Repository


@pytest.fixture
def repository(world: World) -> Repository:
    found = discover(world.registry)
    for _ in range(3):  # the refs that tell it, the answer, the answer that was kept
        assert kept_main_commit(found) == main_commit(found)
    return found


def _made(directory: Path, parent: str, message: str = "x") -> str:
    tree = git(directory, "rev-parse", "main^{tree}")
    return git(directory, "commit-tree", tree, "-m", message, "-p", parent)


def _moved(world: World) -> None:
    git(world.registry, "update-ref", "refs/heads/main", _made(world.registry, "main"))


def _moved_and_packed(world: World) -> None:
    _moved(world)
    git(world.registry, "pack-refs", "--all", "--prune")


def _fetched(world: World) -> None:
    new = _made(world.registry, "main")
    git(world.registry, "push", "-q", "origin", f"{new}:refs/heads/main")
    git(world.registry, "fetch", "-q")


def _renamed(world: World) -> None:
    git(world.registry, "branch", "trunk", _made(world.registry, "main"))
    git(world.registry, "config", "rollbook.main", "trunk")


def _head_elsewhere(world: World) -> None:
    git(world.registry, "checkout", "-q", "-b", "other")


@pytest.mark.parametrize("change", [_moved, _moved_and_packed, _fetched, _renamed, _head_elsewhere])
def test_what_has_changed_is_seen(
    world: World, repository: Repository, change: Callable[[World], None]
) -> None:
    change(world)
    for _ in range(3):
        assert kept_main_commit(repository) == main_commit(repository)
    _moved(world)
    assert kept_main_commit(repository) == main_commit(repository)


def test_a_main_that_has_diverged_is_refused_and_told_again_when_it_has_not(
    world: World, repository: Repository
) -> None:
    before = git(world.registry, "rev-parse", "main")
    _fetched(world)
    git(world.registry, "update-ref", "refs/heads/main", _made(world.registry, before, "apart"))
    for _ in range(2):
        with pytest.raises(Refused, match="diverged"):
            kept_main_commit(repository)
    git(world.registry, "update-ref", "refs/heads/main", "refs/remotes/origin/main")
    assert kept_main_commit(repository) == main_commit(repository)


def test_a_work_tree_beside_sees_what_the_first_moves(world: World, tmp_path: Path) -> None:
    git(world.registry, "worktree", "add", "-q", "--detach", str(tmp_path / "beside"))
    beside = discover(tmp_path / "beside")
    for _ in range(4):
        _moved(world)
        assert kept_main_commit(beside) == main_commit(beside) == git(world.registry, "rev-parse", "main")


def test_refs_in_the_reftable_format_are_seen_to_move(tmp_path: Path) -> None:
    made = subprocess.run(
        ["git", "init", "-q", "--ref-format=reftable", str(tmp_path / "r")], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("this git knows no reftable")
    git(tmp_path / "r", "commit", "-q", "--allow-empty", "-m", "x")
    found = discover(tmp_path / "r")
    for _ in range(4):
        git(tmp_path / "r", "commit", "-q", "--allow-empty", "-m", "x")
        for _ in range(3):
            assert kept_main_commit(found) == git(tmp_path / "r", "rev-parse", "main")


def test_nothing_is_asked_of_git_while_nothing_moves(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = main_commit(repository)
    monkeypatch.setattr(kept_main, "read_main", pytest.fail)
    assert kept_main_commit(repository) == told


def test_after_a_while_it_is_told_anew_in_any_case(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    read = kept_main.read_main
    monkeypatch.setattr(kept_main, "read_main", lambda one: asked.append(one) or read(one))
    later = kept_main.time.monotonic() + 100
    monkeypatch.setattr(kept_main.time, "monotonic", lambda: later)
    kept_main_commit(repository)
    assert asked == [repository]


def test_where_refs_are_kept_elsewhere_git_is_asked_each_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_main, "_shown_by_files", lambda _: False)
    monkeypatch.setattr(kept_main, "_repositories", {})
    found = discover(world.registry)
    for _ in range(3):
        kept_main_commit(found)
    asked: list[object] = []
    read = kept_main.read_main
    monkeypatch.setattr(kept_main, "read_main", lambda one: asked.append(one) or read(one))
    kept_main_commit(found)
    assert asked == [found]


def test_an_operation_that_began_before_the_settings_changed_keeps_nothing_old(
    world: World, repository: Repository
) -> None:
    with one_operation():
        setting(repository, "rollbook.main")
        _renamed(world)
        told = kept_main_commit(repository)
    assert told == kept_main_commit(repository) == main_commit(repository)
