"""Where the bytes of a version in MLflow are, and bringing them. Nothing is opened to see what it is, and
nothing is unpickled."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from rollbook.artifact.artifact_files import list_source, unsafe_paths
from rollbook.errors import NotFound
from rollbook.git.address import without_credentials
from rollbook.text import one_line
from rollbook.yaml.strict import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.transfer.mlflow.source_models import SourceVersion
    from rollbook.transfer.mlflow.source_reading import MlflowSource

MARKER = "MLmodel"
_MOST_FILES = 100_000


class SourceArtifacts:
    """The bytes of an MLflow registry's versions."""

    def __init__(self, source: MlflowSource) -> None:
        self._source = source

    def marker(self, version: SourceVersion, scratch: Path) -> bytes:
        """Return the `MLmodel` of a version; empty where it has none. Raises NotFound when its artifact can't
        be had, or may not be taken."""
        path = local_path(version.uri)
        if path is None:
            return self._marker_elsewhere(version, scratch)
        if path.is_symlink() or not path.exists():
            raise NotFound(f"its artifact {one_line(str(path), 200)} is not there")
        marker = path / MARKER
        if path.is_dir() and marker.is_file() and not marker.is_symlink():
            return _small(marker)
        home = self._source.home
        if home is None or not path.resolve().is_relative_to(home):
            raise NotFound(
                f"its artifact {one_line(str(path), 200)} has no {MARKER}, and is not beside the registry: "
                "nothing says that it is a model",
                hint="Register it by hand: rollbook register MODEL PATH; and leave it out here",
            )
        return b""

    def listing(self, version: SourceVersion) -> list[str]:
        """Return a line for each file of an artifact, which says its path, its size, and on this machine when
        it was changed. Raises NotFound when it can't be had, BadCall for what no registry takes."""
        path = local_path(version.uri)
        if path is not None:
            listed = list_source(path)
            stamps = ((path / file.path if listed.is_directory else path).stat() for file in listed.files)
            return [
                f"{file.path}\0{stamp.st_size}\0{stamp.st_mtime_ns}"
                for file, stamp in zip(listed.files, stamps, strict=True)
            ]
        with _reported(version):
            return [f"{file}\0{size}" for file, size in _listed(self._repository(version)).items()]

    @contextmanager
    def brought(self, version: SourceVersion, scratch: Path) -> Iterator[Path]:
        """Yield the artifact's file or folder on this machine. Raises NotFound when it can't be had."""
        path = local_path(version.uri)
        if path is not None:
            self.marker(version, scratch)
            yield path
            return
        with tempfile.TemporaryDirectory(dir=scratch) as own:
            with _reported(version):
                repository = self._repository(version)
                if _listed(repository):
                    repository.download_artifacts("", dst_path=own)
                    found = Path(own)
                else:
                    # What holds nothing is a file itself, of which its folder is asked.
                    folder, _, name = version.uri.rstrip("/").rpartition("/")
                    found = Path(_opened(folder, self._source.uri).download_artifacts(name, dst_path=own))
            yield found

    def _marker_elsewhere(self, version: SourceVersion, scratch: Path) -> bytes:
        with _reported(version):
            repository = self._repository(version)
            names = {info.path: info for info in repository.list_artifacts()}
            if MARKER not in names:
                if not names and not self._is_file(version):
                    raise NotFound(f"its artifact {_shown(version)} is not there")
                return b""
            if (names[MARKER].file_size or 0) > MAX_BYTES:
                raise NotFound(f"its {MARKER} has more than {MAX_BYTES:,} bytes")
            return _small(Path(repository.download_artifacts(MARKER, dst_path=str(scratch))))

    def _is_file(self, version: SourceVersion) -> bool:
        """Whether an address names a single file: its folder lists it."""
        folder, _, name = version.uri.rstrip("/").rpartition("/")
        return any(info.path == name for info in _opened(folder, self._source.uri).list_artifacts())

    def _repository(self, version: SourceVersion) -> Any:
        return _opened(version.uri, self._source.uri)


def local_path(uri: str) -> Path | None:
    """Return the path on this machine that an address names; None for one elsewhere."""
    parts = urlsplit(uri)
    if parts.scheme == "file":
        return Path(unquote(parts.path)) if parts.netloc in ("", "localhost") else None
    return Path(uri) if not parts.scheme and uri else None


def _opened(uri: str, tracking_uri: str) -> Any:
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    return get_artifact_repository(uri, tracking_uri=tracking_uri)


def _listed(repository: Any) -> dict[str, int]:
    """Return the size of each file by its path. Raises NotFound for one that leads out of the artifact."""
    files: dict[str, int] = {}
    folders = [""]
    seen = set[str]()
    while folders:
        for info in repository.list_artifacts(folders.pop() or None):
            if info.is_dir and info.path not in seen:
                folders.append(info.path)
                seen.add(info.path)
            elif not info.is_dir:
                files[info.path] = info.file_size or 0
            if len(files) + len(seen) > _MOST_FILES:
                raise NotFound(f"its artifact has more than {_MOST_FILES:,} files")
    if reason := unsafe_paths(files):
        raise NotFound(f"its artifact can't be taken: {reason}")
    return files


@contextmanager
def _reported(version: SourceVersion) -> Iterator[None]:
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (MlflowException, OSError, ImportError) as error:
        told = one_line(without_credentials(str(error)), 300)
        raise NotFound(f"its artifact {_shown(version)} can't be had: {told}") from error


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
