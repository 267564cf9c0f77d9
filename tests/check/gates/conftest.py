from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ..desk import Desk, new_desk
from .bench import Keys

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return new_desk(tmp_path / "registry.git")


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """Real SSH keys of people."""
    return Keys(tmp_path_factory.mktemp("keys"))
