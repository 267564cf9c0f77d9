"""An SQLite file that is either as Rollbook left it, or not believed.

SQLite does not notice when a byte of its file is changed by something else. So the file is sealed: its time
of modification is set to a moment long past that the file itself names. Whatever else writes to it, a change
that was broken off included, leaves a time of today, and the file is discarded. So is one of another format.
That spares the journal too: what is written in place is whole when the seal is, and built anew otherwise.

SQLite's locks keep readers from seeing half a change: the seal is set before the lock is let go.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import tempfile
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.insight.query.index import tables_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Seconds since 1970: from 1990 on for twenty years. Even ones, for file systems that count in twos.
_FIRST_SEAL = 631_152_000
_SEALS = 315_360_000
_NANOSECONDS = 1_000_000_000

_READER_WAITS = 10.0  # seconds, for a change that is being written
_WRITER_WAITS = 5.0  # seconds, for another writer
_WRITER_WAITS_FOR_READERS = 250  # milliseconds, in which no new reader gets in
_BUILDING = "building-"
_ABANDONED = 24 * 3600  # seconds after which a file that is being built was given up


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


class NotSealed(Exception):
    """The file is not as Rollbook left it."""


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A sealed file, opened for reading in one transaction.

    Raises NotSealed for what is not to be believed, OSError or sqlite3.Error for what can't be read now.
    """
    with closing(_connect(path, "ro", _READER_WAITS)) as connection:
        try:
            connection.execute("BEGIN")
            _require_seal(connection, path)
        except sqlite3.Error as error:
            if _says(error, _NOT_NOW):
                raise
            raise NotSealed(f"{path} is no index: {error}") from error
        yield connection


@contextmanager
def changing(path: Path) -> Iterator[sqlite3.Connection]:
    """A sealed file, opened for one change, which is kept when the context ends without an error.

    Raises NotSealed, sqlite3.Error; then the file is as before, or not sealed any more.
    """
    with closing(_connect(path, "rw", _WRITER_WAITS)) as connection:
        # Exclusive: the lock is held from the change to the end of this connection, over the seal.
        for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = MEMORY", "synchronous = NORMAL"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("PRAGMA cache_spill = OFF")
        connection.execute("BEGIN IMMEDIATE")
        _require_seal(connection, path)
        yield connection
        moment = _new_seal(connection)
        connection.execute(f"PRAGMA busy_timeout = {_WRITER_WAITS_FOR_READERS}")
        connection.execute("COMMIT")
        os.utime(path, (moment, moment))


def publish(path: Path, fill: Callable[[sqlite3.Connection], None]) -> None:
    """Put a new file at `path`, at once, sealed. `fill` writes its tables. Raises OSError, sqlite3.Error."""
    _remove_abandoned(path.parent)
    handle, name = tempfile.mkstemp(prefix=_BUILDING, dir=path.parent)
    os.close(handle)
    building = Path(name)
    try:
        with closing(_connect(building, "rw", 0)) as connection:
            for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = OFF", "synchronous = OFF"):
                connection.execute(f"PRAGMA {pragma}")
            fill(connection)
            moment = _new_seal(connection)
            if connection.in_transaction:
                connection.execute("COMMIT")
        with building.open("rb") as file:
            os.fsync(file.fileno())
        building.chmod(_mode_of(path.parent))
        os.utime(building, (moment, moment))
        building.replace(path)
    finally:
        building.unlink(missing_ok=True)


def discard(path: Path) -> None:
    """Remove a file that is not believed, and what SQLite may keep beside it, if that can be done."""
    for name in ("", "-journal", "-wal", "-shm"):
        with suppress(OSError):
            Path(f"{path}{name}").unlink(missing_ok=True)


def is_broken(error: sqlite3.Error) -> bool:
    """Whether an error is about the file, and not about what was asked of it."""
    return _says(error, _BROKEN)


def _says(error: sqlite3.Error, codes: frozenset[int]) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in codes  # the rest is the code's finer meaning


def in_memory() -> sqlite3.Connection:
    """A new index that stands nowhere."""
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


def _require_seal(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != tables_schema.FORMAT:
        raise NotSealed(f"{path} has another format")
    moment = tables_schema.get(connection, "seal")
    # Named by its path: to open the file a second time, and close it, would break SQLite's locks.
    if not isinstance(moment, int) or path.stat().st_mtime_ns != moment * _NANOSECONDS:
        raise NotSealed(f"{path} was changed by something else")


def _new_seal(connection: sqlite3.Connection) -> int:
    moment = _FIRST_SEAL + 2 * secrets.randbelow(_SEALS)
    tables_schema.put(connection, "seal", moment)
    return moment


def _mode_of(folder: Path) -> int:
    """Who may read and write the folder may read and write what is in it."""
    return folder.stat().st_mode & 0o666


def _remove_abandoned(folder: Path) -> None:
    now = time.time()
    for building in folder.glob(f"{_BUILDING}*"):
        with suppress(OSError):
            if now - building.stat().st_mtime > _ABANDONED:
                building.unlink()
