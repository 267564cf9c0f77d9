from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from worlds import World, git

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def _with_a_version(_new_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    world = copied(_new_world, tmp_path_factory.mktemp("evidence") / "world")
    world.register("credit-approval", "1.0.0", "--description", "As registered", "--tag", "region=eu")
    return world.root


@pytest.fixture
def ready(_with_a_version: Path, tmp_path: Path) -> World:
    """A registry with one version, which has a description and a tag."""
    return copied(_with_a_version, tmp_path / "world")


def copied(world: Path, root: Path) -> World:
    shutil.copytree(world, root, symlinks=True)
    git(root / "registry", "remote", "set-url", "origin", str(root / "origin.git"))
    return World(root)
