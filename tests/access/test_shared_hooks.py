"""Hooks are written for this repository alone, wherever git's settings have it look for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from building.work_tree import new_repository
from building.world import git, rollbook

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings = tmp_path / "gitconfig"
    settings.write_text("[user]\n\tname = Pat\n\temail = pat@example.com\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    return new_repository(tmp_path / "clone")


@pytest.mark.parametrize("scope", ["--global", "--local"])
@pytest.mark.parametrize("kind", ["clone", "server"])
def test_hooks_that_other_repositories_share_are_left_alone(
    clone: Path, tmp_path: Path, scope: str, kind: str
) -> None:
    company = tmp_path / "company hooks"
    company.mkdir()
    place, options = clone, ["hooks", "install"]
    if kind == "server":
        git(tmp_path, "clone", "--quiet", "--bare", "clone", "origin.git")
        place, options = tmp_path / "origin.git", [*options, "--server"]
    git(place, "config", scope, "core.hooksPath", str(company))
    ran = rollbook(place, *options)
    assert (ran.code, list(company.iterdir())) == (1, [])
    assert "(core.hooksPath), which other repositories share" in ran.err
    *_, remedy = ran.err.rstrip().rpartition("git config ")
    git(place, "config", *remedy.split(" "))
    assert rollbook(place, *options).code == 0


def test_a_users_folder_is_no_part_of_a_home_that_git_keeps(clone: Path) -> None:
    git(clone, "config", "--global", "core.hooksPath", str(clone / "hooks"))
    assert rollbook(clone, "hooks", "install").code == 1
    assert not (clone / "hooks").exists()


@pytest.mark.parametrize("scope", ["--global", "--local"])
def test_a_folder_of_each_repositorys_own_tree_is_its_own(clone: Path, scope: str) -> None:
    git(clone, "config", scope, "core.hooksPath", ".husky")
    assert rollbook(clone, "hooks", "install").code == 0
    assert [path.name for path in (clone / ".husky").iterdir()] == ["pre-commit"]


def test_a_linked_working_tree_shares_its_hooks_with_its_own_repository(clone: Path) -> None:
    git(clone, "worktree", "add", "--quiet", "-b", "side", "../side")
    assert rollbook(clone.parent / "side", "hooks", "install").code == 0
    assert (clone / ".git/hooks/pre-commit").exists()
