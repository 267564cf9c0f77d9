from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .gto_world import OPTIONS, Team, lived_in

if TYPE_CHECKING:
    from building.once import Template
    from building.world import World


def take_over(world: World) -> None:
    """Let Rollbook have a repository that was lived in."""
    world.run("import", "gto", *OPTIONS, "--land")


@pytest.fixture
def taken(template: Template) -> World:
    """The lived-in repository after its takeover. Only read."""
    return template(take_over, on=template(lived_in))


@pytest.fixture
def source(started: Template) -> World:
    """The lived-in repository, before its takeover."""
    return started(lived_in)


@pytest.fixture
def landed(started: Template, template: Template) -> World:
    """The lived-in repository after its takeover, to be changed."""
    return started(take_over, on=template(lived_in))


@pytest.fixture
def team(world: World) -> Team:
    """A team in a fresh registry."""
    return Team(world)
