"""Fixtures for the forge: GitHub's stand-in, and a client that speaks to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from github_stand_in import REPOSITORY, GitHubStandIn, serve
from rollbook.integrations.forge.github import GitHub

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def forge() -> Iterator[GitHubStandIn]:
    yield from serve()


@pytest.fixture
def client(forge: GitHubStandIn) -> GitHub:
    return GitHub(REPOSITORY, forge.token, forge.url, pause=0)


@pytest.fixture
def environment(forge: GitHubStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables that a workflow sets."""
    monkeypatch.setenv("GITHUB_REPOSITORY", REPOSITORY)
    monkeypatch.setenv("GITHUB_TOKEN", forge.token)
    monkeypatch.setenv("GITHUB_API_URL", forge.url)
