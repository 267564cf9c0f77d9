"""Where the bytes of a version in MLflow are, and bringing them. Nothing is opened to see what it is, and
nothing is unpickled."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from rollbook.artifact.artifact_files import list_source
from rollbook.artifact.progress import quiet
from rollbook.errors import NotFound, StorageFailed
from rollbook.git.address import without_credentials
from rollbook.propose.artifact_names import lawful_name
from rollbook.text import one_line
from rollbook.yaml.strict import MAX_BYTES

if TYPE_CHECKING:
    from rollbook.artifact.storage import Storage, Stored
    from rollbook.transfer.mlflow.artifact_listing import ArtifactListing
    from rollbook.transfer.mlflow.source_models import SourceVersion

MARKER = "MLmodel"
_NAME = "model"  # as the store calls the folder of what MLflow registers


@dataclass(frozen=True, slots=True)
class FoundArtifact:
    """An artifact that is where it should be: what it is called here, whether it is a folder, and a line for
    each file that says its path, its size, and on this machine when it was changed."""

    name: str
    is_directory: bool
    stamps: tuple[str, ...]
    _here: Path | None
    _listing: ArtifactListing | None

    def store(self, storage: Storage) -> Stored:
        """Copy it into DVC's cache. Raises NotFound when it can't be read, BadCall and Refused for what no
        registry takes, StorageFailed when the cache can't be written."""
        if self._here is not None:
            return storage.add(self._here, self.name, quiet)
        assert self._listing is not None
        with closing(self._listing.parts()) as parts:
            return storage.add_parts(parts, self.name, is_directory=self.is_directory)


class SourceArtifacts:
    """The bytes of the versions of an MLflow registry at `uri`, which is kept in the folder `home` of this
    machine, if in any."""

    def __init__(self, uri: str, home: Path | None) -> None:
        self._uri = uri
        self._home = home

    def marker(self, version: SourceVersion, scratch: Path) -> bytes:
        """Return the `MLmodel` of a version; empty where it has none. Raises NotFound when its artifact can't
        be had, or may not be taken."""
        path = local_path(version.uri)
        if path is not None:
            return self._marker_here(path)
        try:
            repository = _opened(version.uri, self._uri)
            sizes = {info.path: info.file_size or 0 for info in repository.list_artifacts()}
            if MARKER in sizes and sizes[MARKER] <= MAX_BYTES:
                return _small(Path(repository.download_artifacts(MARKER, dst_path=str(scratch))))
        except NotFound:
            raise
        except Exception as error:  # each kind of storage has a library with errors of its own
            told = one_line(without_credentials(str(error)), 300)
            raise NotFound(f"its artifact {_shown(version)} can't be had: {told}") from error
        if not sizes:
            self.found(version)  # a single file, or nothing
        return b""

    def found(self, version: SourceVersion) -> FoundArtifact:
        """Return where an artifact is. Raises NotFound when it can't be had, or may not be taken; BadCall and
        Refused for what no registry takes."""
        path = local_path(version.uri)
        if path is not None:
            self._marker_here(path)
            listed = list_source(path)
            stamps = ((path / one.path if listed.is_directory else path).stat() for one in listed.files)
            lines = [
                f"{one.path}\0{stamp.st_size}\0{stamp.st_mtime_ns}"
                for one, stamp in zip(listed.files, stamps, strict=True)
            ]
            name = _NAME if listed.is_directory else lawful_name(path.name)
            return FoundArtifact(name, listed.is_directory, tuple(lines), path, None)
        from rollbook.transfer.mlflow.artifact_listing import ArtifactListing

        try:
            listing = ArtifactListing(version.uri, self._uri)
        except StorageFailed as error:
            raise NotFound(f"its artifact can't be had: {error}") from error
        name = _NAME if listing.is_directory else lawful_name(listing.name)
        lines = [f"{file}\0{size}" for file, size in listing.sizes.items()]
        return FoundArtifact(name, listing.is_directory, tuple(lines), None, listing)

    def _marker_here(self, path: Path) -> bytes:
        """Return the `MLmodel` of an artifact on this machine.

        What a registry says is a model of its may be any path: without an `MLmodel`, it is only taken from
        beside the registry.
        """
        if path.is_symlink() or not path.exists():
            raise NotFound(f"its artifact {one_line(str(path), 200)} is not there")
        marker = path / MARKER
        if path.is_dir() and marker.is_file() and not marker.is_symlink():
            return _small(marker)
        if self._home is None or not path.resolve().is_relative_to(self._home):
            raise NotFound(
                f"its artifact {one_line(str(path), 200)} has no {MARKER}, and is not beside the registry: "
                "nothing says that it is a model",
                hint="Register it by hand (rollbook register MODEL PATH), and leave it out here",
            )
        return b""


def local_path(uri: str) -> Path | None:
    """Return the path on this machine that an address names; None for one elsewhere."""
    parts = urlsplit(uri)
    if parts.scheme == "file":
        return Path(unquote(parts.path)) if parts.netloc in ("", "localhost") else None
    return Path(uri) if not parts.scheme and uri else None


def _opened(uri: str, tracking_uri: str) -> Any:
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    return get_artifact_repository(uri, tracking_uri=tracking_uri)


def _shown(version: SourceVersion) -> str:
    return one_line(without_credentials(version.uri or version.source), 200)


def _small(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise NotFound(f"its {MARKER} can't be read: {os.strerror(error.errno or 0)}") from error
    if len(data) > MAX_BYTES:
        raise NotFound(f"its {MARKER} has more than {MAX_BYTES:,} bytes")
    return data
