"""Where this Rollbook came from, and when that can't be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from building.world import git
from rollbook.errors import BadCall
from rollbook.propose.own_source import parse_source, source_of

if TYPE_CHECKING:
    from pathlib import Path

COMMIT = "5" * 40
ADDRESS = "https://github.com/acme/rollbook.git"


def installed_from(url: str, commit: str = COMMIT) -> dict[str, Any]:
    """What pip records of an installation from git."""
    return {"url": url, "vcs_info": {"vcs": "git", "commit_id": commit}}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone on GitHub with one commit, which the remote has."""
    git(tmp_path, "init", "--quiet", "--initial-branch=main", "clone")
    clone = tmp_path / "clone"
    git(clone, "remote", "add", "origin", ADDRESS)
    git(clone, "commit", "--quiet", "--allow-empty", "-m", "Start")
    git(clone, "update-ref", "refs/remotes/origin/main", "HEAD")
    return clone


def editable(clone: Path) -> dict[str, Any]:
    return {"url": clone.as_uri(), "dir_info": {"editable": True}}


@pytest.mark.parametrize(
    "url",
    [
        ADDRESS,
        "https://github.com/acme/rollbook",
        "https://token@github.com/acme/rollbook.git",
        "ssh://git@github.com/acme/rollbook.git",
        "git@github.com:acme/rollbook.git",
    ],
)
def test_an_installation_from_git_names_its_repository_and_commit(url: str) -> None:
    assert str(source_of(installed_from(url))) == f"acme/rollbook@{COMMIT}"


@pytest.mark.parametrize(
    "recorded",
    [
        installed_from("https://git.example.org/acme/rollbook.git"),
        installed_from("https://github.com.example.org/acme/rollbook"),
        installed_from("https://github.com/acme/rollbook/../evil"),
        installed_from("https://github.com/acme/rollbook\n"),
        installed_from(ADDRESS, "main"),
        {"url": "file:///nowhere/at/all", "dir_info": {"editable": True}},
        {"url": "file:///tmp", "dir_info": {}},
        {"url": "https://files.example.org/rollbook-0.1.0.whl", "archive_info": {}},
        [],
        None,
    ],
)
def test_where_an_installation_tells_no_commit_on_github_none_is_guessed(recorded: object) -> None:
    assert source_of(recorded) is None


def test_an_editable_installation_names_its_clones_commit(clone: Path) -> None:
    assert str(source_of(editable(clone))) == f"acme/rollbook@{git(clone, 'rev-parse', 'HEAD')}"


def test_a_commit_that_the_remote_does_not_have_is_not_named(clone: Path) -> None:
    git(clone, "commit", "--quiet", "--allow-empty", "-m", "Only here")
    assert source_of(editable(clone)) is None


@pytest.mark.parametrize(
    "text",
    [
        "acme/rollbook",
        "acme/rollbook@v1",
        f"rollbook@{COMMIT}",
        f"acme/rollbook@{COMMIT}\n",
        f"a/b c@{COMMIT}",
    ],
)
def test_only_a_commit_of_a_repository_is_taken(text: str) -> None:
    with pytest.raises(BadCall, match="OWNER/REPO@COMMIT"):
        parse_source(text)
