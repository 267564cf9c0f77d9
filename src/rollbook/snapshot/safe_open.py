"""Opening and writing a file below a folder without following a link on the way."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from rollbook.errors import BadCall, Refused

if TYPE_CHECKING:
    from pathlib import Path

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_FOLDER = _READ | os.O_DIRECTORY
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def open_beneath(root: Path, path: str) -> int:
    """Open `path` below `root` (`root` itself when empty) for reading, following no link on the way down."""
    if not path:
        return os.open(root, _READ)
    *folders, name = path.split("/")
    here = _opened_folder(root, folders)
    try:
        return os.open(name, _READ, dir_fd=here)
    finally:
        os.close(here)


def read_beneath(root: Path, path: str) -> bytes | None:
    """Return the content of the file at `path` below `root`; None where nothing stands.

    Raises BadCall where a link stands on the way or in its place, or something else that is no file, Refused
    when the system forbids to read it.
    """
    try:
        descriptor = open_beneath(root, path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _not_taken(root, path, error) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _no_file(root, path)
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def write_beneath(root: Path, path: str, data: bytes, *, replace: bool, executable: bool = False) -> bool:
    """Write the file at `path` below `root`, whole or not at all, and the folders that it needs; return
    whether it was written, which it is not where something stands and `replace` is false. One that is
    replaced keeps its mode, unless it is to be `executable`, by everybody.

    Raises BadCall where a link stands on the way or is to be replaced, Refused when the system forbids it.
    """
    *folders, name = path.split("/")
    try:
        here = _opened_folder(root, folders, make=True)
        try:
            return _place(here, name, data, executable, replace=replace)
        finally:
            os.close(here)
    except OSError as error:
        raise _not_taken(root, path, error) from error


def require_place(root: Path, path: str) -> None:
    """See that a file stands at `path` below `root`, or could: so that of several none is written where one
    can't be. Raises as `write_beneath`."""
    *folders, name = path.split("/")
    present = len(folders)
    while True:
        try:
            here = _opened_folder(root, folders[:present])
            break
        except FileNotFoundError:
            present -= 1
        except OSError as error:
            raise _not_taken(root, path, error) from error
    try:
        mode = _mode(here, name) if present == len(folders) else None
        if mode is None and not os.access(".", os.W_OK, dir_fd=here):
            raise _not_taken(root, path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
    finally:
        os.close(here)
    if mode is not None and stat.S_ISDIR(mode):
        raise _no_file(root, path)


def _opened_folder(root: Path, folders: list[str], *, make: bool = False) -> int:
    here = os.open(root, _FOLDER)
    try:
        for folder in folders:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(folder, dir_fd=here)
            below = os.open(folder, _FOLDER, dir_fd=here)
            os.close(here)
            here = below
    except OSError:
        os.close(here)
        raise
    return here


def _place(folder: int, name: str, data: bytes, executable: bool, *, replace: bool) -> bool:
    mode = _mode(folder, name)
    if mode is not None and not replace:
        return False
    if mode is not None and not stat.S_ISREG(mode):
        raise OSError(errno.ELOOP, "no file", name)
    # Nobody can have put a link where nobody knows the name.
    temporary = f".{secrets.token_hex(16)}.rollbook"
    with os.fdopen(os.open(temporary, _NEW, 0o666, dir_fd=folder), "wb") as file:
        try:
            file.write(data)
            file.flush()
            if executable:
                os.fchmod(file.fileno(), 0o755)
            elif mode is not None:
                os.fchmod(file.fileno(), stat.S_IMODE(mode))
            os.fsync(file.fileno())
            if replace:
                os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            else:
                os.link(temporary, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        except FileExistsError:
            return False
        finally:
            with suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=folder)
    os.fsync(folder)
    return True


def _mode(folder: int, name: str) -> int | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return None


def _not_taken(root: Path, path: str, error: OSError) -> BadCall | Refused:
    """Return the error for a path that can't be used: where a link stands on the way it says so."""
    place = root
    for part in path.split("/"):
        place /= part
        if place.is_symlink():
            return BadCall(f"{place} is a symbolic link", hint="Replace it with what it should be itself.")
    if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EISDIR):
        return _no_file(root, path)
    return Refused(f"{root / path}: {error.strerror}", hint="Check the free space and the permissions there.")


def _no_file(root: Path, path: str) -> BadCall:
    return BadCall(f"{root / path} can't be a file there", hint="Move away what stands in its place.")
