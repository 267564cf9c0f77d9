"""Files that something else writes, read without being held up by a pipe or a device."""

from __future__ import annotations

import glob
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from rollbook.integrations.monitor.question import SourceFailed
from rollbook.text import printable

_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
_MOST_FILES = 10_000


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What tells whether a file is still the same: `modified` in seconds since 1970."""

    inode: int
    size: int
    nanoseconds: int

    @property
    def modified(self) -> float:
        """When it was written last."""
        return self.nanoseconds / 1e9


def fingerprint(path: Path) -> Fingerprint:
    """Return the state of a regular file. Raises SourceFailed for anything else."""
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    return _state(path, status)


def read_regular(path: Path, longest: int) -> tuple[bytes, Fingerprint]:
    """Return a regular file's bytes and its state. Raises SourceFailed for what is longer or no file."""
    try:
        descriptor = os.open(path, _READ)
        try:
            state = _state(path, os.fstat(descriptor))
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                data = file.read(longest + 1)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    if len(data) > longest:
        raise SourceFailed(f"{printable(str(path))} has more than {longest:,} bytes")
    return data, state


def regular_files(pattern: str) -> list[Path]:
    """Return the regular files that a path or a glob names, in order. Raises SourceFailed where there are
    none, or very many."""
    has_magic = glob.has_magic(pattern)
    names = sorted(glob.glob(pattern, recursive=True)) if has_magic else [pattern]  # noqa: PTH207 - absolute
    files = [Path(name).absolute() for name in names]
    if not files or len(files) > _MOST_FILES:
        raise SourceFailed(f"{printable(pattern)} names {len(files):,} files")
    for path in files:
        if glob.has_magic(str(path)):  # which DuckDB would read as a pattern again
            raise SourceFailed(f"{printable(str(path))}: its name can't be told from a pattern")
        fingerprint(path)
    return files


def _state(path: Path, status: os.stat_result) -> Fingerprint:
    if not stat.S_ISREG(status.st_mode):
        raise SourceFailed(f"{printable(str(path))} is no plain file")
    return Fingerprint(status.st_ino, status.st_size, status.st_mtime_ns)


def _unreadable(path: Path, error: OSError | ValueError) -> SourceFailed:
    reason = getattr(error, "strerror", None) or str(error)
    return SourceFailed(f"{printable(str(path))} can't be read: {printable(reason)[:200]}")
