from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from building.once import Template
    from building.world import World


def one_version(world: World) -> None:
    """One version, which has a description and a tag."""
    world.register("credit-approval", "1.0.0", "--description", "As registered", "--tag", "region=eu")


@pytest.fixture
def ready(started: Template) -> World:
    return started(one_version)
