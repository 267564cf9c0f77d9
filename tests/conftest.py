"""Fixtures for all tests: a git without the machine's own settings, and small real registries to work on."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from building.once import made_once
from building.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from building.once import Template

# However busy the machine is: how long an example takes is no property of what is tested.
settings.register_profile("everyday", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# For .ci/run: the same examples each time, so that a change is judged by what it changes.
settings.register_profile("ci", settings.get_profile("everyday"), derandomize=True)
settings.load_profile(os.environ.get("TEST_EXAMPLES", "everyday"))
# For .github/workflows/nightly.yml: more examples, where a test doesn't say how many.
settings.register_profile("nightly", max_examples=2000, deadline=None, print_blob=True)

MEMORY, ROOM = Path("/dev/shm"), 4 * 1024**3  # bytes
GIT_SETTINGS = """\
[user]
    name = Jane Doe
    email = jane@example.com
[init]
    defaultBranch = main
    templateDir = {template}
[protocol "file"]
    allow = always
[core]
    fsync = none
[gc]
    auto = 0
[maintenance]
    auto = false
[advice]
    detachedHead = false
"""


def pytest_configure() -> None:
    """Have temporary folders in memory where there is room: tests write very many small files."""
    if not os.access(MEMORY, os.W_OK):
        return
    can_run_programs = not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC
    if can_run_programs and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
        os.environ.setdefault("TMPDIR", str(MEMORY))


@pytest.fixture(autouse=True, scope="session")
def _own_git_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Git sees a user of the tests, a main branch called main, and nothing of the machine's settings."""
    home = tmp_path_factory.mktemp("home")
    template = home / "template"
    (template / "hooks").mkdir(parents=True)
    (template / "info").mkdir()
    (home / ".gitconfig").write_text(GIT_SETTINGS.format(template=template))
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("GIT_")]:
            patch.delenv(name)
        patch.setenv("HOME", str(home))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        patch.setenv("DVC_NO_ANALYTICS", "1")
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        patch.setenv(
            "MLFLOW_TRACKING_URI", f"sqlite:///{home / 'mlflow.db'}"
        )  # or it is made where tests run
        for name in ("ROLLBOOK_DIR", "PYTHONDONTWRITEBYTECODE"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session")
def new_world(tmp_path_factory: pytest.TempPathFactory, _own_git_settings: None) -> World:
    """A registry without any model. Only read; tests work on copies."""
    return World(made_once(tmp_path_factory, "world", World.new))


@pytest.fixture(scope="session")
def _new_world(new_world: World) -> Path:
    return new_world.root


@pytest.fixture
def world(new_world: World, tmp_path: Path) -> World:
    """A fresh registry with an origin, without any model yet."""
    return new_world.copy(tmp_path / "world")


@pytest.fixture(scope="session")
def template(new_world: World, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The world that a function leaves; made once, and only read."""

    def made(begin: Callable[..., object], *arguments: object, on: World | None = None) -> World:
        def make(root: Path) -> None:
            begin((on or new_world).copy(root / "world"), *arguments)

        name = f"{begin.__module__}.{begin.__qualname__}"
        return World(made_once(tmp_path_factory, name, make) / "world")

    return made


@pytest.fixture
def started(template: Template, tmp_path: Path) -> Template:
    """The same as a copy, for the test to change."""

    def copy(begin: Callable[..., object], *arguments: object, on: World | None = None) -> World:
        return template(begin, *arguments, on=on).copy(tmp_path / "world")

    return copy
