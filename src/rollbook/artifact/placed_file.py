"""Put a fetched artifact in its place, and what comes with it: complete and on disk, or not at all."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.artifact.digest import digest_artifact
from rollbook.artifact.stream import cannot_write
from rollbook.errors import BadCall, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OWN_OUTPUTS = ("/dev/fd/", "/dev/stderr", "/dev/stdout", "/proc/")


def is_there(destination: Path, sha256: str, size: int) -> bool:
    """Return whether the artifact with this digest and size (bytes) already stands at `destination`."""
    try:
        status = destination.lstat()
    except OSError:
        return False
    if not stat.S_ISDIR(status.st_mode) and status.st_size != size:
        return False
    try:
        digest = digest_artifact(destination)
    except BadCall:
        return False
    return (digest.sha256, digest.size) == (sha256, size)


def write_whole(destination: Path, data: bytes) -> None:
    """Write the file that somebody named for an output: whole, or as it was. What is a device or a pipe is
    written to as it stands, and what a workflow's steps write together is added to. Raises BadCall for a
    link, StorageFailed when the place can't be written."""
    try:
        if is_stream(destination):
            destination.write_bytes(data)
            return
        if str(destination) == os.environ.get("GITHUB_STEP_SUMMARY"):
            with destination.open("ab") as file:
                file.write(data)
            return
        require_no_link(destination)
        mode = stat.S_IMODE(destination.stat().st_mode) if destination.exists() else None
    except OSError as error:
        raise cannot_write(destination, error) from error
    with placed(destination, overwrite=True) as temporary:
        temporary.write_bytes(data)
        if mode is not None:
            temporary.chmod(mode)


def require_no_link(destination: Path) -> None:
    """Raise BadCall where a link stands in the place of a file to be written: a stranger may have put it."""
    if destination.is_symlink() and not is_stream(destination):
        raise BadCall(f"{destination} is a symbolic link", hint="Name the file that is meant itself.")


def is_stream(path: Path) -> bool:
    """Return whether it is no file of a folder: a pipe, a device, or a name of the process's own outputs."""
    if str(path.absolute()).startswith(_OWN_OUTPUTS):
        return True
    return path.exists() and not path.is_symlink() and not (path.is_file() or path.is_dir())


def put_beside(files: Mapping[Path, bytes], *, overwrite: bool) -> None:
    """Write small files, each whole or as it was; what stands there already with that content stays.

    Raises as `placed` does, and before any is written where one is in the way.
    """
    missing = _missing(files, overwrite=overwrite)
    for path, data in missing.items():
        with placed(path, overwrite=overwrite) as temporary:
            temporary.write_bytes(data)


@contextmanager
def placed(
    destination: Path, *, overwrite: bool, beside: Mapping[Path, bytes] | None = None
) -> Iterator[Path]:
    """Yield a new path beside `destination` to write to; afterwards it is flushed to disk and renamed.

    The small files `beside`, in the same folder, appear with it, or stay as they were. When the body raises,
    what it wrote is removed and `destination` stays as it was. What a killed process
    left is removed by the next that writes there. Raises Refused when
    something stands there and `overwrite` is false, StorageFailed when the place can't be written.
    """
    _require_free(destination, overwrite=overwrite)
    _missing(beside or {}, overwrite=overwrite)
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(destination)
        place, claim = _claimed(destination)
    except OSError as error:
        raise cannot_write(destination.parent, error) from error
    try:
        temporary = place / "new"
        yield temporary
        _require_free(destination, overwrite=overwrite)
        _flush(temporary)
        with _put_beside(_missing(beside or {}, overwrite=overwrite), place):
            _rename(temporary, destination)
        _sync(destination.parent)
    except OSError as error:
        raise cannot_write(destination, error) from error
    finally:
        _remove(place)
        os.close(claim)


def _missing(files: Mapping[Path, bytes], *, overwrite: bool) -> dict[Path, bytes]:
    """Return those of the files that do not stand in their place yet. Raises Refused where another does."""
    missing = {path: data for path, data in files.items() if not _holds(path, data)}
    for path in missing:
        _require_free(path, overwrite=overwrite)
    return missing


def _holds(path: Path, data: bytes) -> bool:
    if path.is_symlink() or not path.is_file() or path.stat().st_size != len(data):
        return False
    return path.read_bytes() == data


@contextmanager
def _put_beside(files: Mapping[Path, bytes], place: Path) -> Iterator[None]:
    """Put small files in their places while the body does its part; where that fails, as they were."""
    done: list[tuple[Path, Path | None]] = []
    try:
        for number, (path, data) in enumerate(files.items()):
            new, old = place / f"new-{number}", place / f"old-{number}"
            new.write_bytes(data)
            _sync(new)
            was_there = os.path.lexists(path)
            if was_there:
                shutil.copy2(path, old, follow_symlinks=False)
            new.replace(path)
            done.append((path, old if was_there else None))
        yield
    except BaseException:
        for path, before in done:
            if before is None:
                path.unlink()
            else:
                before.replace(path)
        raise


def _claimed(destination: Path) -> tuple[Path, int]:
    """Make a folder beside `destination` whose name nobody knows; return it, and the descriptor whose lock
    says that somebody works in it."""
    while True:
        place = _beside(destination, "part")
        place.mkdir(mode=0o700)
        with suppress(FileNotFoundError):  # taken for abandoned before it was locked
            claim = os.open(place, _FOLDER)
            with suppress(OSError):  # where there are no locks, nothing is ever taken for abandoned
                fcntl.flock(claim, fcntl.LOCK_EX)
            if place.exists():
                return place, claim
            os.close(claim)


def _remove_abandoned(destination: Path) -> None:
    """Remove the folders of earlier writers of `destination` that nobody works in any more."""
    name = re.compile(re.escape(f".{destination.name[:100]}.") + r"[0-9a-f]{16}\.part")
    with os.scandir(destination.parent) as entries:
        places = [Path(entry.path) for entry in entries if name.fullmatch(entry.name)]
    for place in places:
        with suppress(OSError):  # in use, somebody else's, or just removed
            claim = os.open(place, _FOLDER)
            try:
                fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(place)
            finally:
                os.close(claim)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}.{ending}")


def _require_free(destination: Path, *, overwrite: bool) -> None:
    if os.path.lexists(destination) and not overwrite:
        raise Refused(
            f"{destination} is already there, with other content",
            hint="Remove it, choose another place, or replace it (--force, overwrite=True).",
        )


def _flush(path: Path) -> None:
    if path.is_dir():
        for folder, _, files in os.walk(path):
            for file in files:
                _sync(Path(folder, file))
            _sync(Path(folder))
    else:
        _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _rename(temporary: Path, destination: Path) -> None:
    is_folder = destination.is_dir() and not destination.is_symlink()
    if not is_folder and not (temporary.is_dir() and os.path.lexists(destination)):
        temporary.replace(destination)
        return
    # The kernel renames over a file, but not over a folder with files: the old one steps aside first.
    old = _beside(destination, "old")
    destination.rename(old)
    try:
        temporary.rename(destination)
    except OSError:
        old.rename(destination)
        raise
    _remove(old)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(FileNotFoundError):
            path.unlink()
