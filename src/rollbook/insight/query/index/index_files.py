"""The few indexes that a repository keeps, and which one of them stands for a tree."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from rollbook.cache import sealed_sqlite
from rollbook.cache.sealed_sqlite import NotSealed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rollbook.git.repository import Repository
    from rollbook.insight.query.index.target import Wanted

_FOLDER = "rollbook/index"
KEPT = 3

# Why an index can't be used: it isn't believed, is in use, or can't be read or written here.
UNUSABLE = (NotSealed, sqlite3.Error, OSError)


class Shelf:
    """The indexes in the git directory of one repository, which all its work trees share."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.folder = repository.common_dir / _FOLDER

    @contextmanager
    def opened(self, wanted: Wanted) -> Iterator[sqlite3.Connection]:
        """An index that is what is wanted already, for reading. Raises NotSealed where there is none."""
        for path in self.paths():
            with ExitStack() as stack:
                try:
                    connection = stack.enter_context(sealed_sqlite.reading(path))
                    if not wanted.is_met(connection):
                        continue
                except UNUSABLE:
                    continue
                self.note_asked(path)
                try:
                    yield connection
                except sqlite3.Error as error:
                    if sealed_sqlite.is_broken(error):
                        sealed_sqlite.discard(path)
                    raise
                return
        raise NotSealed("no index stands for that")

    def paths(self) -> list[Path]:
        """Where indexes may stand, that which was asked last first."""
        places = [self.folder / f"{number}.sqlite" for number in range(1, KEPT + 1)]
        return sorted(places, key=_asked, reverse=True)

    def next_place(self) -> Path:
        """Where another index may be put: a place that is free, or that which was asked longest ago."""
        free = [path for path in self.paths() if not path.exists()]
        return free[0] if free else self.paths()[-1]

    def note_asked(self, path: Path) -> None:
        """Remember that an index was asked just now."""
        with suppress(OSError):  # it is only about which one to keep
            path.with_suffix(".asked").touch()


def _asked(path: Path) -> float:
    try:
        return path.with_suffix(".asked").stat().st_mtime
    except OSError:
        return 0.0
