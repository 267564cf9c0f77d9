"""DVC's object store in a place that DVC's file systems reach: S3, Azure, Google Cloud, SSH, HTTP, ..."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dvc_objects.fs import generic, localfs
from fsspec.callbacks import Callback

from rollbook.artifact.archived_object import archived_failure
from rollbook.artifact.progress import Progress, quiet
from rollbook.artifact.stream import Hashes, hash_bytes, pump
from rollbook.errors import StorageFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from rollbook.artifact.local_store import Target

_MOST_QUESTIONS = 16


class CloudObjects:
    """The objects under `path` of `fs`, one of DVC's file systems (dvc_objects.fs.base.FileSystem)."""

    def __init__(self, fs: Any, path: str) -> None:
        self._fs = fs
        self._objects = fs.join(path, "files", "md5")

    def sizes(self, oids: Iterable[str]) -> dict[str, int | None]:
        """Return the sizes in bytes of those objects that are there; None where the remote tells no size."""
        names = list(dict.fromkeys(oids))
        with ThreadPoolExecutor(_MOST_QUESTIONS, thread_name_prefix="remote") as pool:
            infos = list(pool.map(self._info, names))
        return {oid: info.get("size") for oid, info in zip(names, infos, strict=True) if info is not None}

    def read(self, oid: str, limit: int) -> bytes | None:
        """Read a small object; None when it is missing, longer than `limit` or corrupt."""
        if self._info(oid) is None:
            return None
        with self._fs.open(self._path(oid), "rb") as file:
            data = bytes(file.read(limit + 1))
        return data if len(data) <= limit and hash_bytes(data).md5 == oid[:32] else None

    def upload(self, objects: Mapping[str, Path], progress: Progress = quiet) -> None:
        """Copy files in as the objects they are; the caller knows that their content is what `oid` says."""
        if not objects:
            return
        targets = [self._path(oid) for oid in objects]
        for folder in {self._fs.parent(target) for target in targets}:
            self._fs.makedirs(folder, exist_ok=True)
        self._transfer(localfs, [str(path) for path in objects.values()], self._fs, targets, progress)

    def download(self, targets: Sequence[Target], progress: Progress = quiet) -> list[Hashes]:
        """Write each object to its new file, then hash it."""
        if targets:
            sources = [self._path(target.oid) for target in targets]
            self._transfer(self._fs, sources, localfs, [str(target.path) for target in targets], progress)
        return [_hash_file(target.path) for target in targets]

    def modified(self, oids: Iterable[str]) -> dict[str, float | None]:
        """Return when each object that is there was stored (Unix time, seconds); None where the remote does
        not tell."""
        names = list(dict.fromkeys(oids))
        with ThreadPoolExecutor(_MOST_QUESTIONS, thread_name_prefix="remote") as pool:
            infos = list(pool.map(self._info, names))
        return {oid: _moment(info) for oid, info in zip(names, infos, strict=True) if info is not None}

    def delete(self, oids: Iterable[str]) -> None:
        """Remove objects, in this order; one that is not there is passed over."""
        for oid in oids:
            with suppress(FileNotFoundError):
                self._fs.remove(self._path(oid))

    def _transfer(
        self, from_fs: Any, sources: list[str], to_fs: Any, targets: list[str], progress: Progress
    ) -> None:
        errors: list[tuple[str, BaseException]] = []
        try:
            generic.copy(
                from_fs,
                sources,
                to_fs,
                targets,
                callback=_Files(progress),
                batch_size=self._fs.jobs,
                on_error=lambda source, _to, error: errors.append((source, error)),
            )
        except Exception:
            # What could not be read is moved into place all the same; the first error tells why it is gone.
            if not errors:
                raise
        if errors:
            source, error = errors[0]
            raise archived_failure(error, str(from_fs.unstrip_protocol(source))) or error

    def _path(self, oid: str) -> str:
        return str(self._fs.join(self._objects, oid[:2], oid[2:]))

    def _info(self, oid: str) -> dict[str, Any] | None:
        try:
            info: dict[str, Any] = self._fs.info(self._path(oid))
        except FileNotFoundError:
            return None
        return info if info.get("type") == "file" else None


def _moment(info: Mapping[str, Any]) -> float | None:
    """When an object was stored, under the names that the file systems give it."""
    for name in ("LastModified", "last_modified", "mtime", "updated", "modified"):
        value = info.get(name)
        if isinstance(value, str):
            with suppress(ValueError):
                value = datetime.fromisoformat(value)
        if isinstance(value, datetime):
            return value.timestamp()
        if isinstance(value, int | float):
            return float(value)
    return None


def _hash_file(path: Path) -> Hashes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise StorageFailed(f"{path}: the download left no file") from error
    try:
        return pump(descriptor)
    finally:
        os.close(descriptor)


class _Files(Callback):  # type: ignore[misc]
    """Passes the bytes of all files of one transfer on to `progress`, one call at a time."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress
        self._lock = threading.Lock()

    def branched(self, path_1: str, path_2: str, **_: Any) -> _File:
        return _File(self._report)

    def _report(self, count: int) -> None:
        with self._lock:
            self._progress(count)


class _File(Callback):  # type: ignore[misc]
    """Passes the bytes of one file on."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress

    def relative_update(self, inc: int = 1) -> None:
        self.value += inc
        if inc > 0:
            self._progress(inc)

    def absolute_update(self, value: int) -> None:
        self.relative_update(value - self.value)
