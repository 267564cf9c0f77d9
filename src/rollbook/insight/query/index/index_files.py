"""The few indexes that a repository keeps: SQLite files that are as Rollbook left them, or not believed.

The name of one says for which tree of `registry/` it stands, in which format, and its time of modification,
which is set back to a moment long before it was finished: whatever else writes to it leaves a later one.
While a file is being written it has no such name, so what is broken off is never found, and needs no journal.

A near tree takes the file of another over: the change costs what has changed, not what the index holds.
SQLite's locks keep a reader who has the file open from seeing half of it.
"""

from __future__ import annotations

import os
import re
import secrets
import sqlite3
import tempfile
import time
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.cache.memory import INDEX
from rollbook.insight.query.index import tables_schema
from rollbook.insight.query.index.tables_schema import FORMAT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rollbook.git.repository import Repository
    from rollbook.insight.query.index.target import IndexState

KEPT = 3
_NAME = re.compile(rf"(?P<tree>[0-9a-f]{{40}})-{FORMAT}-(?P<moment>[0-9]+)\.sqlite")
_BUILDING = "building-"
_DAY = 24 * 3600  # seconds
_NANOSECONDS = 1_000_000_000
_READER_WAITS = 10.0  # seconds, for a change that is being written
_WRITER_WAITS = 5.0  # seconds, for another writer
_CACHE_OF_A_BUILDER = 64 << 10  # KiB
_WRITER_WAITS_FOR_READERS = 250  # milliseconds, in which no new reader gets in

# https://www.sqlite.org/rescode.html
_BROKEN = frozenset([sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR])
_NOT_NOW = frozenset(
    [
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    ]
)


class NotWhole(Exception):
    """There is no such index as Rollbook left it."""


# Why an index can't be used: it isn't believed, is in use, or can't be read or written here.
UNUSABLE = (NotWhole, sqlite3.Error, OSError)


class Shelf:
    """The indexes in the git directory of one repository, which all its work trees share."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.folder = INDEX.path(repository)

    @contextmanager
    def opened(self, wanted: IndexState) -> Iterator[sqlite3.Connection]:
        """Open an index that is what is wanted already, for reading. Raises NotWhole where there is none."""
        for path in self.paths():
            if not path.name.startswith(wanted.tree):
                continue
            with ExitStack() as stack:
                try:
                    connection = stack.enter_context(reading(path))
                    if not wanted.is_met(connection):
                        continue
                except UNUSABLE:
                    continue
                _note_asked(path)
                try:
                    yield connection
                except sqlite3.Error as error:
                    if is_broken(error):
                        discard(path)
                    raise
                return
        raise NotWhole("no index stands for that")

    def paths(self) -> list[Path]:
        """Return the indexes, that which was asked last first."""
        named = (path for path in self.folder.glob("*.sqlite") if _NAME.fullmatch(path.name))
        return sorted(sorted(named), key=_asked, reverse=True)

    def make_room(self) -> None:
        """Remove the indexes that were asked longest ago, those of other formats, and what was given up."""
        kept = {path.with_suffix(ending) for path in self.paths()[:KEPT] for ending in (".sqlite", ".asked")}
        now = time.time()
        for path in self.folder.iterdir():
            with suppress(OSError):
                being_built = path.name.startswith(_BUILDING) and now - path.stat().st_mtime < _DAY
                if path not in kept and not being_built:
                    path.unlink()


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open an index for reading, in one transaction.

    Raises NotWhole for what is not to be believed, OSError or sqlite3.Error for what can't be read now.
    """
    with closing(_connect(path, "ro", _READER_WAITS)) as connection:
        try:
            connection.execute("BEGIN")
            _require_whole(connection, path)
        except sqlite3.Error as error:
            if _says(error, _NOT_NOW):
                raise
            raise NotWhole(f"{path} is no index: {error}") from error
        yield connection


@contextmanager
def taking_over(path: Path, tree: str) -> Iterator[sqlite3.Connection]:
    """Open an index for the change that makes it that of `tree`, done when the context ends without an error.

    Raises NotWhole, OSError or sqlite3.Error; then the file is as before, or gone.
    """
    with closing(_connect(path, "rw", _WRITER_WAITS)) as connection:
        # Exclusive: the lock is held to the end of this connection, when the file has its name.
        for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = MEMORY", "synchronous = NORMAL"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("PRAGMA cache_spill = OFF")
        connection.execute("BEGIN IMMEDIATE")
        _require_whole(connection, path)
        yield connection
        connection.execute(f"PRAGMA busy_timeout = {_WRITER_WAITS_FOR_READERS}")
        building = path.with_name(f"{_BUILDING}{secrets.token_hex(8)}")
        path.rename(building)
        path.with_suffix(".asked").unlink(missing_ok=True)
        try:
            connection.execute("COMMIT")
        except sqlite3.Error:
            building.rename(path)  # nothing is written, or the time of modification tells
            raise
        _finish(building, tree)


def publish(folder: Path, tree: str, fill: Callable[[sqlite3.Connection], None]) -> Path:
    """Put a new index of `tree` there, whose tables `fill` writes, and return where it stands.

    Raises OSError, sqlite3.Error.
    """
    handle, name = tempfile.mkstemp(prefix=_BUILDING, dir=folder)
    os.close(handle)
    building = Path(name)
    try:
        with closing(_connect(building, "rw", 0)) as connection:
            for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = OFF", "synchronous = OFF"):
                connection.execute(f"PRAGMA {pragma}")
            # Rows come in no table's order: pages that are written out too soon are read and written again.
            connection.execute(f"PRAGMA cache_size = -{_CACHE_OF_A_BUILDER}")
            fill(connection)
            if connection.in_transaction:
                connection.execute("COMMIT")
        with building.open("rb") as file:
            os.fsync(file.fileno())
        building.chmod(folder.stat().st_mode & 0o666)  # who may use the folder may use what is in it
        return _finish(building, tree)
    finally:
        building.unlink(missing_ok=True)


def _finish(building: Path, tree: str) -> Path:
    """Give a file that is whole its name."""
    moment = int(time.time()) - 2 * _DAY
    moment -= moment % 2  # for file systems that count in twos
    os.utime(building, (moment, moment))
    path = building.with_name(f"{tree}-{FORMAT}-{moment}.sqlite")
    building.replace(path)
    _note_asked(path)
    return path


def discard(path: Path) -> None:
    """Remove a file that is not believed, and what SQLite may keep beside it, if that can be done."""
    for name in ("", "-journal", "-wal", "-shm"):
        with suppress(OSError):
            Path(f"{path}{name}").unlink(missing_ok=True)


def is_broken(error: sqlite3.Error) -> bool:
    """Return whether an error is about the file, and not about what was asked of it."""
    return _says(error, _BROKEN)


def _says(error: sqlite3.Error, codes: frozenset[int]) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in codes  # the rest is the code's finer meaning


def index_in_memory() -> sqlite3.Connection:
    """Return a new index that stands nowhere."""
    return _set_up(sqlite3.connect(":memory:", isolation_level=None))


def _connect(path: Path, mode: str, waits: float) -> sqlite3.Connection:
    # What means something in SQLite's addresses (https://www.sqlite.org/uri.html) is written as its code.
    place = str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    address = f"file:{place}?mode={mode}"
    return _set_up(sqlite3.connect(address, uri=True, isolation_level=None, timeout=waits))


def _set_up(connection: sqlite3.Connection) -> sqlite3.Connection:
    # What a query sorts or gathers stays in memory: it writes no file, and its memory is what limits it.
    for pragma in ("temp_store = MEMORY", "cell_size_check = ON", "trusted_schema = OFF"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _require_whole(connection: sqlite3.Connection, path: Path) -> None:
    # Asked of the file once its lock is held. Its name is looked at afterwards: it may be another's by now.
    tree = tables_schema.get(connection, "tree")
    named = _NAME.fullmatch(path.name)
    # By its path: to open the file a second time, and close it, would break SQLite's locks.
    try:
        modified = path.stat().st_mtime_ns
    except FileNotFoundError as error:
        raise NotWhole(f"{path} stands for another tree now") from error
    if named is None or named["tree"] != tree or modified != int(named["moment"]) * _NANOSECONDS:
        raise NotWhole(f"{path} was changed by something else")


def _note_asked(path: Path) -> None:
    """Remember that an index was asked just now."""
    with suppress(OSError):  # it is only about which one to keep
        path.with_suffix(".asked").touch()


def _asked(path: Path) -> float:
    try:
        return path.with_suffix(".asked").stat().st_mtime
    except OSError:
        return 0.0
