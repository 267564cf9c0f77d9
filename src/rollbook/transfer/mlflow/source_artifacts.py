"""Where the bytes of a version in MLflow are, and bringing them. Nothing is opened to see what it is, and
nothing is unpickled."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from rollbook.artifact.artifact_files import unsafe_paths
from rollbook.errors import BadCall, NotFound, StorageFailed
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

    @contextmanager
    def brought(self, version: SourceVersion, scratch: Path) -> Iterator[Path]:
        """Yield the artifact's file or folder on this machine. Raises StorageFailed when it can't be had."""
        path = local_path(version.uri)
        if path is not None:
            self.marker(version, scratch)
            yield path
            return
        with _reported(version):
            repository = self._repository(version)
            files = _listed(repository)
            target = scratch / "artifact"
            target.mkdir()
            if files:
                repository.download_artifacts("", dst_path=str(target))
                yield target
                return
            # What holds nothing is a file itself, of which its folder's repository is asked.
            folder, _, name = version.uri.rstrip("/").rpartition("/")
            yield Path(_opened(folder, self._source.uri).download_artifacts(name, dst_path=str(target)))

    def _marker_elsewhere(self, version: SourceVersion, scratch: Path) -> bytes:
        try:
            with _reported(version):
                repository = self._repository(version)
                names = {info.path: info for info in repository.list_artifacts()}
                if MARKER not in names:
                    if not names:
                        raise NotFound(f"its artifact {_shown(version)} is not there")
                    return b""
                if (names[MARKER].file_size or 0) > MAX_BYTES:
                    raise NotFound(f"its {MARKER} has more than {MAX_BYTES:,} bytes")
                return _small(Path(repository.download_artifacts(MARKER, dst_path=str(scratch))))
        except StorageFailed as error:
            raise NotFound(str(error)) from error

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


def _listed(repository: Any) -> list[str]:
    """Return the paths of all files. Raises StorageFailed for one that leads out of the artifact."""
    files: list[str] = []
    folders = [""]
    seen = set[str]()
    while folders:
        for info in repository.list_artifacts(folders.pop() or None):
            if info.is_dir and info.path not in seen:
                folders.append(info.path)
                seen.add(info.path)
            elif not info.is_dir:
                files.append(info.path)
            if len(files) + len(seen) > _MOST_FILES:
                raise StorageFailed(f"it has more than {_MOST_FILES:,} files")
    if reason := unsafe_paths(files):
        raise StorageFailed(reason)
    return files


@contextmanager
def _reported(version: SourceVersion) -> Iterator[None]:
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (MlflowException, OSError, ImportError) as error:
        told = one_line(without_credentials(str(error)), 300)
        raise StorageFailed(f"its artifact {_shown(version)} can't be had: {told}") from error


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


def refuse_unfit(path: Path) -> None:
    """Raise BadCall for an artifact of a kind that no registry takes."""
    if path.is_symlink():
        raise BadCall(f"{path} is a symbolic link")
