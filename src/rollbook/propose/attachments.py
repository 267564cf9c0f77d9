"""What is attached to evidence: its bytes go to the DVC remote, a pointer to each into the proposal."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.artifact.pointer import pointer_data, require_artifact_name
from rollbook.artifact.progress import quiet
from rollbook.artifact.storage import open_storage
from rollbook.errors import BadCall
from rollbook.retention.renewal import removed_objects
from rollbook.yaml.write import dump

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rollbook.artifact.progress import Progress
    from rollbook.artifact.storage import Storage, Stored
    from rollbook.git.repository import Repository


class Attachments:
    """Files and folders to attach. Nothing is read before `store`, and nothing uploaded before `push`."""

    def __init__(self, repository: Repository, paths: Sequence[Path]) -> None:
        """Raises BadCall for a path that is missing, or whose name a registry can't hold or has already."""
        if paths and repository.work_tree is None:
            raise BadCall("nothing can be attached in a bare repository", hint="Use a clone of it.")
        self._repository = repository
        self._sources = _by_name(paths)
        self._stored: list[Stored] = []

    def outline(self) -> list[dict[str, Any]]:
        """What evidence will say of them, with stand-ins for what only the bytes tell."""
        return [{"path": name, "size": 1, "sha256": "0" * 64} for name in self._sources]

    def store(self, progress: Progress = quiet) -> list[dict[str, Any]]:
        """Copy them into the DVC cache; return what evidence says of them. Raises as `Storage.add` does."""
        self._stored = [self._storage.add(path, name, progress) for name, path in self._sources.items()]
        return [_described(stored) for stored in self._stored]

    def pointers(self, evidence: str) -> dict[str, bytes]:
        """The pointer to each, by its path, for the evidence at a path."""
        return {
            layout.attachment_pointer_path(evidence, each.pointer.path): dump(pointer_data(each.pointer))
            for each in self._stored
        }

    def push(self, base: str, progress: Progress = quiet) -> int:
        """Upload what the remote lacks, and what removals that stand in `base` may be about to delete there.

        Returns the number of bytes sent. Raises as `Storage.push` does.
        """
        if not self._stored:
            return 0
        again = removed_objects(self._repository, base, self._storage)
        return sum(self._storage.push(each.pointer, progress, again=again) for each in self._stored)

    @cached_property
    def _storage(self) -> Storage:
        assert self._repository.work_tree is not None
        return open_storage(self._repository.work_tree)


def _by_name(paths: Sequence[Path]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in paths:
        if not path.exists():
            raise BadCall(f"{path} does not exist", hint="Name a file or a folder to attach.")
        name = require_artifact_name(path.name or path.absolute().name)
        if twin := next((other for other in found if other.lower() == name.lower()), None):
            raise BadCall(f"two attachments are called {twin}", hint="Rename one of them.")
        found[name] = path
    return found


def _described(stored: Stored) -> dict[str, Any]:
    found = {"path": stored.pointer.path, "size": stored.digest.size, "sha256": stored.digest.sha256}
    return found if stored.pointer.files is None else {**found, "files": stored.pointer.files}
