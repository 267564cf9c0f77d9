"""What commits changed along main: told alike, however few of them changed anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from building.world import git
from rollbook.git import changes
from rollbook.git.changes import changes_along

if TYPE_CHECKING:
    from pathlib import Path

    from trail.histories import History

from trail.histories import new_history


@pytest.fixture
def merged(tmp_path: Path) -> History:
    """A main on which paths come, change and go, with merges that bring a change, or leave it out."""
    history = new_history(tmp_path / "registry.git")
    history.commit({"a/x": "1", "b": "1", "c": "1"})
    begun = git(history.directory, "rev-parse", "main")
    side = [history.commit({"a/x": "2"}), history.commit({"a/x": "2", "a/y": "2"})]
    git(history.directory, "update-ref", "refs/heads/main", begun)
    history.commit({"b": "2"})
    history.commit({"a/x": "2"}, merge=side[0])
    history.commit({"c": "2"}, merge=side[1])
    history.commit({"a/x": None, "b": "3"})
    history.commit({"README.md": "x"})
    return history


@pytest.mark.parametrize("paths", [["a"], ["a/x"], ["b", "c"], ["none"], ["a", "b"]])
@pytest.mark.parametrize("since", [None, "main~4", "main"])
def test_the_few_commits_that_changed_paths_are_those_among_all(
    merged: History, paths: list[str], since: str | None
) -> None:
    repository = merged.repository
    start = since and git(merged.directory, "rev-parse", since)
    tip = git(merged.directory, "rev-parse", "main")
    every = list(changes_along(repository, tip, start, paths))
    assert list(changes_along(repository, tip, start, paths, few=True)) == every
    if since is None and paths == ["a"]:
        assert [len(changes) for _, changes in every] == [1, 1, 1]


def test_commits_that_are_asked_about_in_parts_have_changed_the_same(
    merged: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    tip = git(merged.directory, "rev-parse", "main")
    every = list(changes_along(merged.repository, tip, None, ["a", "b"]))
    monkeypatch.setattr(changes, "AT_ONCE", 2)
    assert list(changes_along(merged.repository, tip, None, ["a", "b"])) == every
