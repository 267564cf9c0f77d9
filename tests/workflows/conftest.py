"""Rollbook, installed once as its action installs it, for the workflows of all tests."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml
from workflow_runner import ACTIONS, INSTALLED, ROOT, own_action, runner_environment

from building.once import made_once

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def _install(folder: Path) -> None:
    """Run the step of the action that installs."""
    steps = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
    (script,) = (step["run"] for step in steps if step.get("id") == "install")
    source = own_action(folder / "source")
    own = {
        "PYTHON": str(ACTIONS / "setup-python" / "python"),
        "SOURCE": str(source),
        "RUNNER_TEMP": str(folder),
        "GITHUB_OUTPUT": os.devnull,
    }
    environment = {**runner_environment(folder), **own}
    subprocess.run(["bash", "-euo", "pipefail", "-c", script], env=environment, check=True)
    (place,) = folder.glob("rollbook-*")
    place.rename(folder / "installed")


@pytest.fixture(autouse=True, scope="session")
def _installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(INSTALLED, raising=False)
        place = made_once(tmp_path_factory, "action", _install)
        patch.setenv(INSTALLED, str(place / "installed"))
        yield
