"""Bringing the bytes that a plan found: from git's objects, or from DVC's cache and remote. Nothing is opened
to see what it is, beyond its first bytes; nothing is unpickled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.artifact.pointer import Pointer
from rollbook.artifact.storage import open_storage
from rollbook.errors import NotFound, StorageFailed
from rollbook.git.objects import ObjectReader, copy_blob
from rollbook.transfer.gto.gto_artifacts import InGit

if TYPE_CHECKING:
    from rollbook.artifact.progress import Progress
    from rollbook.artifact.storage import Storage
    from rollbook.git.repository import Repository
    from rollbook.transfer.gto.gto_artifacts import InDvc

# What an artifact may have whose size no file tells.
_UNKNOWN_SIZE = 1 << 53
# What one process reads, many at a time; anything larger is copied by one of its own.
_SMALL = 8 << 20
_MIGRATE = "A DVC before 3.0 kept it elsewhere: bring it over (dvc cache migrate), then push it (dvc push)."


class Sources:
    """The bytes of a repository's artifacts at any commit. Storages are opened when they are first needed."""

    def __init__(self, repository: Repository) -> None:
        assert repository.work_tree is not None
        self._repository = repository
        self._root = repository.work_tree
        self._storages: dict[Path, Storage] = {}
        self._objects = ObjectReader(repository)

    def require(self, source: InGit | InDvc) -> None:
        """Raise NotFound when the bytes are not where they should be. None are read."""
        if isinstance(source, InGit):
            return
        if not self._storage(source.path).holds(source.md5):
            hint = _MIGRATE if source.is_old else "Push it from where it is: dvc push"
            raise NotFound(f"neither DVC's cache nor its remote holds {source.md5}", hint=hint)

    def bring(self, source: InGit | InDvc, destination: Path, progress: Progress) -> None:
        """Write the artifact, a file or a folder, to the new path `destination`.

        Raises StorageFailed and GitFailed when it can't be had.
        """
        if isinstance(source, InGit):
            self._from_git(source, destination)
        else:
            storage = self._storage(source.path)
            pointer = Pointer(destination.name, source.md5, _size(source), source.files)
            if source.inside:
                _part(storage, pointer, source, destination, progress)
            else:
                storage.retrieve(pointer, destination, progress)

    def _storage(self, path: str) -> Storage:
        """Return the storage of the DVC project around `path`: in a monorepo, folders have their own. Its
        configuration is the working tree's, never a commit's that anybody may have tagged."""
        parents = [self._root / parent for parent in Path(path).parents]
        project = next((folder for folder in parents if (folder / ".dvc").is_dir()), self._root)
        if project not in self._storages:
            self._storages[project] = open_storage(project)
        return self._storages[project]

    def _from_git(self, source: InGit, destination: Path) -> None:
        if source.is_directory:
            destination.mkdir()
        for name in source.files:
            target = destination / name if source.is_directory else destination
            target.parent.mkdir(parents=True, exist_ok=True)
            path = f"{source.path}/{name}" if source.is_directory else source.path
            blob = self._objects.read(f"{source.commit}:{path}", _SMALL)
            with target.open("xb") as file:
                if blob is not None and blob.data is not None:
                    file.write(blob.data)
                else:
                    copy_blob(self._repository, source.commit, path, file)


def _size(source: InDvc) -> int:
    return _UNKNOWN_SIZE if source.size is None else source.size


def _part(storage: Storage, pointer: Pointer, source: InDvc, destination: Path, progress: Progress) -> None:
    """Bring a file or a folder out of a folder that DVC keeps as one."""
    entries = storage.folder(pointer)
    whole = {entry.path: entry.md5 for entry in entries}
    inner = {
        path.removeprefix(f"{source.inside}/"): md5
        for path, md5 in whole.items()
        if path.startswith(f"{source.inside}/")
    }
    if source.inside in whole:
        storage.retrieve(
            Pointer(destination.name, whole[source.inside], pointer.size, None), destination, progress
        )
        return
    if not inner:
        raise StorageFailed(f"DVC's folder {pointer.md5} has no {source.inside[:120]!r}")
    destination.mkdir()
    for path, md5 in inner.items():
        target = destination / path
        target.parent.mkdir(parents=True, exist_ok=True)
        storage.retrieve(Pointer(target.name, md5, pointer.size, None), target, progress)
