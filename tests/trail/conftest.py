from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .histories import History, new_history

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def history(tmp_path: Path) -> History:
    """An empty registry's main branch."""
    return new_history(tmp_path / "registry.git")
