"""An artifact at an address, such as `s3://bucket/models/churn.onnx`: one object, or all below a prefix.

It is read once, through DVC's file systems, chunk by chunk.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from rollbook.artifact.artifact_files import unsafe_paths
from rollbook.artifact.dvc_remote import address_settings, reported
from rollbook.artifact.progress import begin, quiet
from rollbook.artifact.stream import pump_file
from rollbook.errors import BadCall, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rollbook.artifact.dvc_remote import RemoteSettings
    from rollbook.artifact.progress import Progress
    from rollbook.artifact.storage import Part
    from rollbook.artifact.stream import Hashes, Write

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://.+", re.DOTALL)
_NOT_READ = frozenset(["local", "memory", "git", "dvc"])
_BLOCK = 8 << 20
# What tells that an object was written anew, under the names that the file systems give it.
_MARKS = ("size", "ETag", "etag", "LastModified", "last_modified", "mtime", "updated", "md5", "generation")


@dataclass(frozen=True, slots=True)
class _RemoteFile:
    """A file of the artifact: its path in it, its place in the file system, its size in bytes, and what tells
    that it changed."""

    path: str
    place: str
    size: int
    marks: tuple[str, ...]


def is_address(text: str) -> bool:
    """Return whether `text` is an address with a scheme, and no path."""
    return bool(_ADDRESS.fullmatch(text))


def address_name(address: str) -> str:
    """Return the last part of an address's path, which names the artifact."""
    return address.partition("?")[0].rstrip("/").rpartition("/")[2]


class AtAddress:
    """The artifact at `address`, reached with the settings of the repository whose working tree is `root`.

    Making it asks the place what is there. Raises BadCall when nothing is, or names are unsafe on some
    system, StorageFailed when the place can't be read.
    """

    def __init__(self, root: Path, address: str) -> None:
        self._settings = address_settings(root, address)
        with reported(self._settings, "cannot be read"):
            self._fs, place = _file_system(self._settings)
            try:
                info = self._fs.info(place)
            except FileNotFoundError:
                raise BadCall(f"{self.url}: nothing is there", hint="Name an object or a prefix.") from None
            self.is_directory = info.get("type") == "directory"
            self._files = (
                self._below(place) if self.is_directory else [_file(info, place, address_name(self.url))]
            )
        if reason := unsafe_paths(file.path for file in self._files) if self.is_directory else "":
            raise BadCall(f"{self.url}: {reason}", hint="It must be usable on every system.")
        if not sum(file.size for file in self._files):
            raise BadCall(f"{self.url} is empty")

    @property
    def url(self) -> str:
        """Return the address without credentials."""
        return self._settings.public_url

    def parts(self, progress: Progress = quiet) -> Iterator[Part]:
        """Yield each file's path with what writes its bytes, for `Storage.add_parts`.

        Writing raises Refused when an object is no longer what was listed, StorageFailed when it can't be
        read.
        """
        begin(progress, "reading", sum(file.size for file in self._files))
        for file in self._files:
            yield file.path, partial(self._copy, file, progress)

    def _copy(self, file: _RemoteFile, progress: Progress, write: Write) -> Hashes:
        with reported(self._settings, "cannot be read"):
            with self._fs.open(file.place, "rb", block_size=_BLOCK) as opened:
                hashes = pump_file(opened, write, limit=file.size, progress=progress)
            self._fs.fs.invalidate_cache()
            now = _file(self._fs.info(file.place), file.place, file.path)
        if hashes.size != file.size or now != file:
            raise Refused(
                f"{self.url}: {file.path!r} changed while it was read", hint="Try again when it is written."
            )
        return hashes

    def _below(self, place: str) -> list[_RemoteFile]:
        """All files below a prefix; what only stands for an empty folder is none."""
        found = self._fs.fs.find(place, detail=True)
        start = f"{place.rstrip('/')}/"
        files = [_file(info, path, path.removeprefix(start)) for path, info in sorted(found.items())]
        return [file for file in files if file.path and not file.path.endswith("/")]


def _file_system(settings: RemoteSettings) -> tuple[Any, str]:
    from dvc.fs import get_cloud_fs

    kind, options, place = get_cloud_fs({}, url=settings.url, **settings.options)
    if kind.protocol in _NOT_READ:
        raise BadCall(
            f"{settings.public_url} is no address that can be read", hint="Name a file here by its path."
        )
    return kind(**options), place


def _file(info: dict[str, Any], place: str, path: str) -> _RemoteFile:
    marks = tuple(f"{name}={info[name]}" for name in _MARKS if info.get(name) is not None)
    return _RemoteFile(path, place, int(info.get("size") or 0), marks)
