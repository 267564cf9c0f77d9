from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from building.once import made_once

from .mlflow_source import SETTINGS, Source, empty, lived_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from building.once import Template
    from building.world import World


@pytest.fixture(autouse=True, scope="session")
def _settings() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SETTINGS.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def old(tmp_path_factory: pytest.TempPathFactory, _settings: None) -> Source:
    """The lived-in registry. Only read."""
    return empty(made_once(tmp_path_factory, "mlflow", lived_in))


@pytest.fixture(scope="session")
def _bare_database(tmp_path_factory: pytest.TempPathFactory, _settings: None) -> Path:
    return made_once(tmp_path_factory, "mlflow-empty", lambda folder: empty(folder).experiment)


@pytest.fixture
def source(tmp_path: Path, _bare_database: Path) -> Source:
    """An MLflow registry without models, to be filled."""
    folder = tmp_path / "mlflow"
    folder.mkdir()
    (folder / "mlflow.db").write_bytes((_bare_database / "mlflow.db").read_bytes())
    return empty(folder)


def take_over(world: World, uri: str) -> None:
    """Let Rollbook have the registry."""
    world.run("import", "mlflow", uri, "--land")


@pytest.fixture
def taken(template: Template, old: Source) -> World:
    """The lived-in registry after its takeover. Only read."""
    return template(take_over, old.uri)
