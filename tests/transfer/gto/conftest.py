from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from worlds import World, git

from .gto_world import OPTIONS, Team, lived_in

if TYPE_CHECKING:
    from pathlib import Path


def copied(source: Path, target: Path) -> World:
    shutil.copytree(source, target, symlinks=True)
    git(target / "registry", "remote", "set-url", "origin", str(target / "origin.git"))
    return World(target)


@pytest.fixture(scope="session")
def _lived_in(_new_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lived_in(copied(_new_world, tmp_path_factory.mktemp("gto") / "world")).world.root


@pytest.fixture(scope="session")
def taken(_lived_in: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The lived-in repository after its takeover. Only read."""
    world = copied(_lived_in, tmp_path_factory.mktemp("taken") / "world")
    world.run("import", "gto", *OPTIONS, "--land")
    return world


@pytest.fixture
def source(_lived_in: Path, tmp_path: Path) -> World:
    """The lived-in repository, before its takeover."""
    return copied(_lived_in, tmp_path / "world")


@pytest.fixture
def landed(taken: World, tmp_path: Path) -> World:
    """The lived-in repository after its takeover, to be changed."""
    return copied(taken.root, tmp_path / "world")


@pytest.fixture
def team(world: World) -> Team:
    """A team in a fresh registry."""
    return Team(world)
