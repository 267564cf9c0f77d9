"""DVC's object store in a local folder: the cache, and a remote that is a folder.

An object is a file `files/md5/<first two digits>/<the rest>` named by the md5 of its content and made
read-only; this is what DVC 3 reads and writes.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.artifact.progress import Progress, quiet
from rollbook.artifact.stream import Hashes, Write, cannot_write, hash_bytes, pump, writer
from rollbook.errors import Refused, StorageFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ_ONLY = 0o444
# What a killed process leaves. One that works still writes to its own, and is not at it for a day.
_TEMPORARY = re.compile(r"\.rollbook-[0-9a-f]{16}\.tmp")
_ABANDONED_SECONDS = 86_400
_PIECE = 8 << 20
_NO_KERNEL_COPY = frozenset([errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM])


@dataclass(frozen=True, slots=True)
class Target:
    """An object to bring, the new file to write it to, and the most bytes it may have."""

    oid: str
    path: Path
    size: int


class ObjectFolder:
    """The objects under one folder. `shared` gives folders the rights of DVC's `cache.shared = group`."""

    def __init__(self, folder: Path, *, shared: bool = False) -> None:
        self.folder = folder
        self._objects = folder / "files" / "md5"
        self._shared = shared
        self._known: dict[str, tuple[int, int, int]] = {}
        self._swept = False

    @property
    def is_there(self) -> bool:
        """Whether anything was ever stored here."""
        return self._objects.is_dir()

    def path(self, oid: str) -> Path:
        return self._objects / oid[:2] / oid[2:]

    def sizes(self, oids: Iterable[str]) -> dict[str, int]:
        """Return the sizes in bytes of those objects that are here as plain files."""
        sizes = {}
        for oid in oids:
            try:
                status = self.path(oid).lstat()
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                raise _cannot_read(self.path(oid), error) from error
            if stat.S_ISREG(status.st_mode):
                sizes[oid] = status.st_size
        return sizes

    def read(self, oid: str, limit: int) -> bytes | None:
        """Read a small object; None when it is missing, longer than `limit` or corrupt."""
        try:
            descriptor = self._open(oid)
        except FileNotFoundError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            data = file.read(limit + 1)
        return data if len(data) <= limit and hash_bytes(data).md5 == oid[:32] else None

    def is_intact(self, oid: str) -> bool:
        """Return whether the object is here and its content has the md5 it is named by."""
        try:
            seen = self._known.get(oid)
            if seen is not None and seen == _signature(self.path(oid).lstat()):
                return True
        except OSError:
            return False
        return self.hashes_of(oid) is not None

    def hashes_of(self, oid: str) -> Hashes | None:
        """Return the digests of the object's content; None when it is not here, or has another md5 than its
        name.
        """
        try:
            descriptor = self._open(oid)
        except FileNotFoundError:
            return None
        try:
            seen = _signature(os.fstat(descriptor))
            hashes = pump(descriptor)
        except OSError as error:
            raise _cannot_read(self.path(oid), error) from error
        finally:
            os.close(descriptor)
        if hashes.md5 != oid[:32]:
            return None
        self._known[oid] = seen
        return hashes

    def store(self, fill: Callable[[Write], Hashes], suffix: str = "") -> tuple[Hashes, bool]:
        """Make an object of what `fill` writes: under a temporary name, then renamed to md5 and `suffix`.

        Returns the digests, and whether the object is new here. An intact one stays; a corrupt one is
        replaced. Whatever goes wrong, the temporary file is removed. Raises Refused where other content with
        the same md5 is here, beside which no other can be kept.
        """
        with self._temporary() as (temporary, descriptor):
            hashes = fill(writer(descriptor, temporary))
            oid = hashes.md5 + suffix
            if (standing := self.hashes_of(oid)) is not None:
                if standing.sha256 != hashes.sha256:
                    raise Refused(
                        f"other content with the md5 {hashes.md5} is stored already",
                        hint="Somebody made two files of one md5: find out who. Saved anew it differs.",
                    )
                return hashes, False
            return hashes, self._publish(temporary, descriptor, oid)

    def store_bytes(self, data: bytes, suffix: str = "") -> tuple[Hashes, bool]:
        """Make an object of `data`, as `store` does."""

        def fill(write: Write) -> Hashes:
            write(memoryview(data))
            return hash_bytes(data)

        return self.store(fill, suffix)

    def modified(self, oids: Iterable[str]) -> dict[str, float | None]:
        """Return when each of those objects that are here was stored (Unix time, seconds)."""
        moments: dict[str, float | None] = {}
        for oid in oids:
            with suppress(FileNotFoundError, NotADirectoryError):
                moments[oid] = self.path(oid).lstat().st_mtime
        return moments

    def delete(self, oids: Iterable[str]) -> None:
        """Remove objects, in this order; one that is not here is passed over."""
        for oid in oids:
            try:
                self.discard(oid)
            except OSError as error:
                raise cannot_write(self.path(oid), error) from error

    def discard(self, oid: str) -> None:
        """Remove an object; nothing when it is not here."""
        with suppress(FileNotFoundError):
            self.path(oid).unlink()

    def upload(self, objects: Mapping[str, Path], progress: Progress = quiet) -> None:
        """Copy files in as the objects they are; the caller knows that their content is what `oid` says."""
        for oid, path in objects.items():
            with self._temporary() as (temporary, descriptor):
                source = os.open(path, _READ)
                try:
                    _copy(source, descriptor, temporary, progress)
                finally:
                    os.close(source)
                # What a commit is about to name must outlive a power cut.
                os.fsync(descriptor)
                self._publish(temporary, descriptor, oid)

    def download(self, targets: Iterable[Target], progress: Progress = quiet) -> list[Hashes]:
        """Write each object to its new file and hash it on the way; StorageFailed when one is missing."""
        digests = []
        for target in targets:
            hashes = self.copy_out(target, progress)
            if hashes is None:
                raise StorageFailed(f"{self.path(target.oid)}: no such object")
            digests.append(hashes)
        return digests

    def copy_out(self, target: Target, progress: Progress = quiet) -> Hashes | None:
        """Write the object to its new file and hash it on the way; None, and no file, when it is not here."""
        try:
            source = self._open(target.oid)
        except FileNotFoundError:
            return None
        try:
            with created(target.path) as descriptor:
                return pump(source, writer(descriptor, target.path), limit=target.size, progress=progress)
        except OSError as error:
            raise _cannot_read(self.path(target.oid), error) from error
        finally:
            os.close(source)

    def _open(self, oid: str) -> int:
        path = self.path(oid)
        try:
            descriptor = os.open(path, _READ)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise FileNotFoundError(oid) from error
        except OSError as error:
            raise _cannot_read(path, error) from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise StorageFailed(f"{path}: is not a plain file")
        return descriptor

    @contextmanager
    def _temporary(self) -> Iterator[tuple[Path, int]]:
        path = self._objects / f".rollbook-{secrets.token_hex(8)}.tmp"
        self._make_folder(self._objects)
        self._sweep()
        try:
            descriptor = os.open(path, _CREATE, 0o600)
        except OSError as error:
            raise cannot_write(path, error) from error
        try:
            yield path, descriptor
        finally:
            os.close(descriptor)
            with suppress(FileNotFoundError):
                path.unlink()

    def _sweep(self) -> None:
        """Remove the temporary files that processes left which were killed a day ago or longer, once."""
        if self._swept:
            return
        self._swept = True
        before = time.time() - _ABANDONED_SECONDS
        # Somebody else may be sweeping, and other people's files may not be ours to remove.
        with suppress(OSError), os.scandir(self._objects) as entries:
            for entry in entries:
                if _TEMPORARY.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                    with suppress(OSError):
                        if entry.stat(follow_symlinks=False).st_mtime < before:
                            Path(entry.path).unlink()

    def _publish(self, temporary: Path, descriptor: int, oid: str) -> bool:
        target = self.path(oid)
        self._make_folder(target.parent)
        try:
            is_new = not target.exists()
            os.fchmod(descriptor, _READ_ONLY)
            temporary.replace(target)
        except OSError as error:
            raise cannot_write(target, error) from error
        self._known[oid] = _signature(os.fstat(descriptor))
        return is_new

    def _make_folder(self, folder: Path) -> None:
        try:
            missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
            for parent in reversed(missing):
                parent.mkdir(exist_ok=True)
                if self._shared:
                    parent.chmod(0o2775)
        except OSError as error:
            raise cannot_write(folder, error) from error


def _copy(source: int, descriptor: int, path: Path, progress: Progress) -> None:
    """Copy an open file in the kernel, which shares the blocks where the file system can."""
    try:
        while hasattr(os, "copy_file_range") and (done := os.copy_file_range(source, descriptor, _PIECE)):
            progress(done)
    except OSError as error:
        if error.errno not in _NO_KERNEL_COPY:
            raise cannot_write(path, error) from error
    # What the kernel did not copy is left to read.
    write = writer(descriptor, path)
    while chunk := os.read(source, _PIECE):
        write(memoryview(chunk))
        progress(len(chunk))


def _cannot_read(path: Path, error: OSError) -> StorageFailed:
    return StorageFailed(f"{path}: cannot read: {error.strerror or error}")


@contextmanager
def created(target: Path) -> Iterator[int]:
    """Create the new file `target` and yield its descriptor, open for writing."""
    try:
        descriptor = os.open(target, _CREATE, 0o666)
    except OSError as error:
        raise cannot_write(target, error) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _signature(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns
