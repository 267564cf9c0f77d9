"""The files that an artifact repository of MLflow's has at an address, copied one by one while hashed.

At no time is more than one of them here besides what goes into DVC's cache.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from rollbook.artifact.artifact_files import unsafe_paths
from rollbook.artifact.stream import pump_file
from rollbook.errors import BadCall, NotFound, Refused, StorageFailed
from rollbook.git.address import without_credentials
from rollbook.text import printable
from rollbook.transfer.mlflow.stranger_text import kept_line

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from rollbook.artifact.storage import Part
    from rollbook.artifact.stream import Hashes, Write

_MOST_FILES = 100_000
_MOST_FOLDERS = 20_000
_DEEPEST = 64
_LARGEST = 1 << 62


@dataclass(frozen=True, slots=True)
class _ListedFile:
    """A file: its path in the artifact, its path for the repository, and its size where that is told."""

    path: str
    place: str
    size: int | None


class ArtifactListing:
    """The files at `uri`. Making it asks what is there.

    Raises NotFound when nothing is, Refused for names that are unsafe or more than any model has,
    StorageFailed when the place can't be read.
    """

    def __init__(self, uri: str, tracking_uri: str) -> None:
        self._shown = repr(printable(without_credentials(uri))[:200])
        root, _, name = uri.rstrip("/").rpartition("/")
        with self._reported():
            self._repository: Any = get_artifact_repository(uri, tracking_uri=tracking_uri)
            self._files = self._listed()
            self.is_directory = bool(self._files)
            if not self.is_directory and root and name:
                self._repository = get_artifact_repository(root, tracking_uri=tracking_uri)
                found = self._repository.list_artifacts(None)
                self._files = [_file(one, "") for one in found if one.path == name and not one.is_dir]
        if not self._files:
            raise NotFound(f"{self._shown}: nothing is there", hint="Name the folder that holds MLmodel.")
        if reason := unsafe_paths(file.path for file in self._files):
            raise Refused(f"{self._shown}: {reason}", hint="It must be usable on every system.")
        self._require_room()

    @property
    def name(self) -> str:
        """Return the name of the only file, where it is no folder."""
        return self._files[0].path

    @property
    def sizes(self) -> dict[str, int | None]:
        """Return the size of each file by its path, None where it is not told."""
        return {file.path: file.size for file in self._files}

    def parts(self) -> Generator[Part]:
        """Yield each file's path with what writes its bytes, for `Storage.add_parts`.

        Raises Refused when a file is no longer what was listed, StorageFailed when it can't be read. Once it
        is closed, nothing of what was copied is left.
        """
        with tempfile.TemporaryDirectory(prefix="rollbook-mlflow-") as folder:
            for file in self._files:
                yield file.path, partial(self._copy, file, Path(folder) / "file")
        if self.is_directory:
            with self._reported():
                now = self._listed()
            if now != self._files:
                raise self._changed("its list of files")

    def _copy(self, file: _ListedFile, place: Path, write: Write) -> Hashes:
        try:
            with self._reported():
                self._repository._download_file(file.place, str(place))
            with place.open("rb") as opened:
                hashes = pump_file(opened, write, limit=_LARGEST if file.size is None else file.size)
        finally:
            place.unlink(missing_ok=True)
        if file.size is not None and hashes.size != file.size:
            raise self._changed(repr(file.path))
        return hashes

    def _listed(self) -> list[_ListedFile]:
        """List all that is below, a folder at a time."""
        files: list[_ListedFile] = []
        waiting, folders = [""], 0
        while waiting:
            folder = waiting.pop()
            folders += 1
            if folder.count("/") >= _DEEPEST or folders > _MOST_FOLDERS or len(files) > _MOST_FILES:
                raise Refused(f"{self._shown} has more files and folders than any model")
            for one in self._repository.list_artifacts(folder or None):
                if (folder and not str(one.path).startswith(f"{folder}/")) or one.path == folder:
                    raise Refused(f"{self._shown}: {str(one.path)[:200]!r} is listed where it can't be")
                if one.is_dir:
                    waiting.append(one.path)
                else:
                    files.append(_file(one, folder))
        return sorted(files, key=lambda file: file.path.encode(errors="surrogatepass"))

    def _require_room(self) -> None:
        """Refuse early what the disk can't take: the artifact, and one file more."""
        sizes = [file.size or 0 for file in self._files]
        if not sum(sizes) and all(file.size is not None for file in self._files):
            raise BadCall(f"{self._shown} is empty")
        if max(sizes) > shutil.disk_usage(tempfile.gettempdir()).free:
            raise StorageFailed(f"{self._shown}: there is no room for {max(sizes):,} bytes here")

    def _changed(self, what: str) -> Refused:
        hint = "Try again when it is written."
        return Refused(f"{self._shown}: {what} changed while it was copied", hint=hint)

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Raise what MLflow and the libraries below it raise as StorageFailed."""
        try:
            yield
        except (Refused, NotFound):
            raise
        except MlflowException as error:
            raise self._unreadable(error.message) from error
        except Exception as error:  # each kind of storage has a library with errors of its own
            raise self._unreadable(f"{type(error).__name__}: {error}") from error

    def _unreadable(self, reason: str) -> StorageFailed:
        return StorageFailed(
            f"{self._shown} can't be read: {printable(kept_line(without_credentials(reason)))[:300]}",
            hint="Credentials and settings are MLflow's: try mlflow.artifacts.download_artifacts(...).",
        )


def _file(one: Any, folder: str) -> _ListedFile:
    return _ListedFile(str(one.path), str(one.path), one.file_size)
