"""The URI that tells a receiver which registry speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rollbook.git.repository import discover
from rollbook.integrations.notify.notifier import registry_uri

if TYPE_CHECKING:
    from building.world import World

URLS = [
    ("https://github.com/acme/registry.git", "https://github.com/acme/registry.git"),
    ("https://jane:ghp_secret@github.com/acme/registry?x=1#y", "https://github.com/acme/registry"),
    ("git@github.com:acme/registry.git", "ssh://github.com/acme/registry.git"),
    ("ssh://git@git.example.com:2222/models.git", "ssh://git.example.com:2222/models.git"),
    ("https://example.com/a b", "https://example.com/a%20b"),
]


@pytest.mark.parametrize(("url", "uri"), URLS)
def test_it_is_the_remotes_url_without_what_is_secret(world: World, url: str, uri: str) -> None:
    world.git("remote", "set-url", "origin", url)
    assert registry_uri(discover(world.registry), "HEAD") == uri


@pytest.mark.parametrize("url", ["/srv/models.git", "file:///srv/models.git", "https://[bad/x"])
def test_where_nobody_else_reaches_the_remote_it_is_the_first_commit(world: World, url: str) -> None:
    world.git("remote", "set-url", "origin", url)
    root = world.git("rev-list", "--max-parents=0", "HEAD")
    assert registry_uri(discover(world.registry), "HEAD") == f"urn:rollbook:registry:{root}"
