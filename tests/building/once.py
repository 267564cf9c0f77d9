"""What is costly to make: made once for all of the parallel test processes, and copied by who changes it."""

from __future__ import annotations

import fcntl
import os
import shutil
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from building.world import World


class Template(Protocol):
    """Gives the world that `begin` leaves, called with a world like `on` (by default a fresh one) and these
    arguments."""

    def __call__(
        self, begin: Callable[..., object], *arguments: object, on: World | None = None
    ) -> World: ...


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The folder that `make` filled, in whichever of the parallel test processes came first.

    It is given an empty folder. Who changes what is in there works on a copy.
    """
    own = factory.getbasetemp()
    place = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "once" / name
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "made").exists():
            shutil.rmtree(place / "folder", ignore_errors=True)  # one that failed half-way
            (place / "folder").mkdir()
            make(place / "folder")
            (place / "made").touch()
    return place / "folder"
