"""A registry with a model of which three versions were in production, one after the other, and a breach."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from github_stand_in import GitHubStandIn, host_on_github, serve
from notify_receiver import SECRET, SECRET_ENV, Receiver, listen

from .breached import BASIC, three_versions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from building.once import Template
    from building.world import World


@pytest.fixture
def served(started: Template) -> World:
    """1.2.0 is in production, 1.1.0 and 1.0.0 were before; nothing lets the monitor act by itself yet."""
    return started(three_versions)


@pytest.fixture
def autonomous(served: World) -> World:
    """The same, and the monitor may land evidence and rollbacks."""
    served.policy(BASIC.format(actions="{evidence: land, rollback: land}"))
    return served


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv(SECRET_ENV, SECRET)
    yield from listen()


@pytest.fixture
def elsewhere() -> Iterator[Receiver]:
    yield from listen()


@pytest.fixture
def forge() -> Iterator[GitHubStandIn]:
    yield from serve()


@pytest.fixture
def hosted(served: World, forge: GitHubStandIn, monkeypatch: pytest.MonkeyPatch) -> World:
    """A registry whose origin has GitHub's address."""
    return host_on_github(served, forge, monkeypatch)
