"""Fixtures for all tests: a git without the machine's own settings, and small real registries to work on."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from worlds import World, git, rollbook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True, scope="session")
def _own_git_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Git sees a user of the tests, a main branch called main, and nothing of the machine's settings."""
    home = tmp_path_factory.mktemp("home")
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Jane Doe\n\temail = jane@example.com\n[init]\n\tdefaultBranch = main\n"
        '[protocol "file"]\n\tallow = always\n[gc]\n\tauto = 0\n'
    )
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("GIT_")]:
            patch.delenv(name)
        patch.setenv("HOME", str(home))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        patch.setenv("DVC_NO_ANALYTICS", "1")
        patch.delenv("ROLLBOOK_DIR", raising=False)
        yield


@pytest.fixture(scope="session")
def _new_world(tmp_path_factory: pytest.TempPathFactory, _own_git_settings: None) -> Path:
    root = tmp_path_factory.mktemp("world")
    git(root, "init", "--quiet", "--bare", "origin.git")
    git(root, "clone", "--quiet", "origin.git", "registry")
    git(root / "registry", "checkout", "--quiet", "-B", "main")
    ran = rollbook(root / "registry", "init")
    assert ran.code == 0, ran.err
    git(root / "registry", "add", ".")
    git(root / "registry", "commit", "--quiet", "-m", "Start a model registry")
    git(root / "registry", "push", "--quiet", "--set-upstream", "origin", "main")
    return root


@pytest.fixture
def world(_new_world: Path, tmp_path: Path) -> World:
    """A fresh registry with an origin, without any model yet."""
    root = tmp_path / "world"
    shutil.copytree(_new_world, root, symlinks=True)
    git(root / "registry", "remote", "set-url", "origin", str(root / "origin.git"))
    return World(root)
