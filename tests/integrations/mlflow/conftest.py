from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from building import mlflow_tracking

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from building.mlflow_tracking import Tracked
    from building.world import World


@pytest.fixture
def tracked(
    world: World,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Tracked]:
    """A registry that MLflow's clients use, and a tracking store of their own."""
    yield from mlflow_tracking.tracked(world, tmp_path, tmp_path_factory, monkeypatch)
