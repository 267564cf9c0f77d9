"""Where the bytes of a proposal go: the DVC remote, the very one that holds what is on main."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.artifact.progress import quiet
from rollbook.artifact.storage import open_storage
from rollbook.errors import BadCall, StorageFailed
from rollbook.git.clone import is_far
from rollbook.git.trees import files_holding
from rollbook.retention.renewal import removed_objects

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rollbook.artifact.pointer import Pointer
    from rollbook.artifact.progress import Progress
    from rollbook.artifact.storage import Storage
    from rollbook.git.repository import Repository


def open_store(repository: Repository, base: str) -> Storage:
    """Open the storage that a proposal on the commit `base` puts bytes into.

    Raises BadCall in a bare repository, StorageFailed when the remote is a folder that isn't there although
    the registry has artifacts, or is on another machine: a new one would hold what nobody else finds. Raises
    as `open_storage` does.
    """
    if repository.work_tree is None:
        raise BadCall("a bare repository stores nothing", hint="Use a clone of it.")
    storage = open_storage(repository.work_tree)
    absent = storage.absent_folder
    if absent is not None and is_far(repository):
        raise StorageFailed(
            f"{absent} is not there, and the registry is on another machine: what is kept there is found by "
            "nobody",
            hint="Give the registry's DVC remote an address that both machines reach, e.g. s3://BUCKET/PATH.",
        )
    if absent is not None and files_holding(repository, base, "md5: ", f"{layout.ROOT}/**/*.dvc"):
        raise StorageFailed(
            f"{absent}: no artifact is kept there, and the registry has some: they are somewhere else",
            hint=storage.where_hint,
        )
    return storage


def upload(
    repository: Repository,
    base: str,
    storage: Storage,
    pointers: Iterable[Pointer],
    progress: Progress = quiet,
) -> int:
    """Upload what the remote lacks, and what removals that stand in `base` may be about to delete there.

    Returns the number of bytes sent. Raises as `Storage.push` does.
    """
    # Looked for in every removal on record: most artifacts are new, and need none of it.
    again = functools.cache(lambda: removed_objects(repository, base, storage))
    return sum(storage.push(pointer, progress, again=again) for pointer in pointers)
