"""Judging in several processes: the same findings, and no more trust in where they run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from check.desk import POLICY, Desk, model_files, policy_text
from rollbook.check import shares
from rollbook.check.whole_tree import check_tree
from rollbook.git.repository import discover
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.snapshot.worktree_snapshot import worktree_snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from building.world import World
    from rollbook.check.finding import Finding

FILES = {
    POLICY: policy_text(),
    **model_files("1.0.0", "1.1.0", "1.2.0"),
    **model_files("1.0.0", "2.0.0", model="risk/fraud"),
    "registry/credit/versions/1.1.0/notes.yaml": "nonsense: 1\n",
    "registry/risk/fraud/versions/2.0.0/model.onnx.dvc": "outs: [\n",
}


@pytest.fixture(autouse=True)
def _small_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "LEAST_FILES", 1)


def check(desk: Desk, processes: int) -> list[Finding]:
    snapshot = commit_snapshot(desk.repository, desk.commit(FILES))
    try:
        return check_tree(snapshot, processes=processes)
    finally:
        snapshot.close()


@pytest.mark.parametrize("processes", [2, 5, 50])
def test_shares_find_what_one_process_finds(
    desk: Desk, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = check(desk, 1)
    judged_here: list[object] = []
    monkeypatch.setattr(shares, "version_findings", lambda *given: judged_here.append(given) or {})
    assert check(desk, processes) == alone
    assert judged_here == []


def test_a_working_tree_is_shared_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in ("1.0.0", "1.1.0"):
        world.register("credit", version)
    broken = world.registry / "registry/credit/versions/1.1.0/version.yaml"
    broken.write_text("nonsense: 1\n")
    snapshot = worktree_snapshot(discover(world.registry))
    assert check_tree(snapshot, processes=2) == check_tree(snapshot)
    assert check_tree(snapshot)


@pytest.mark.parametrize("program", ["", "/bin/false", "/bin/cat", "/nowhere"])
def test_a_share_whose_process_fails_is_judged_here(
    desk: Desk, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = check(desk, 1)
    monkeypatch.setattr(sys, "executable", program)
    assert check(desk, 3) == alone


def test_nothing_is_imported_from_where_it_runs(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("import pathlib; pathlib.Path('trapped').touch()\n")
    monkeypatch.chdir(tmp_path)
    assert check(desk, 2) == check(desk, 1)
    assert not (tmp_path / "trapped").exists()
