"""Where the bytes of a proposal go: the DVC remote, the very one that holds what is on main."""

from __future__ import annotations

import functools
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.artifact.dvc_remote import connect
from rollbook.artifact.local_store import ObjectFolder
from rollbook.artifact.progress import quiet
from rollbook.artifact.storage import Storage, open_storage
from rollbook.artifact.untrusted_remote import restricted_remote
from rollbook.errors import BadCall, NotFound, StorageFailed
from rollbook.git.clone import home, is_far
from rollbook.git.trees import files_holding
from rollbook.retention.renewal import removed_objects
from rollbook.snapshot.tree_snapshot import commit_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rollbook.artifact.pointer import Pointer
    from rollbook.artifact.progress import Progress
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


@contextmanager
def store_without_clone(repository: Repository, base: str) -> Iterator[Storage]:
    """Open the storage that a proposal on the commit `base` of a bare repository puts bytes into, as that
    commit configures it; DVC's cache is a folder for the time being.

    Raises NotFound where that says nothing of DVC, InvalidFile for what can't be used.
    """
    config = ".dvc/config"
    snapshot = commit_snapshot(repository, base)
    try:
        (data,) = snapshot.read_many([config])
    finally:
        snapshot.close()
    if data is None:
        raise NotFound(f"{config} does not exist on main", hint="Set DVC up in it: `rollbook init`.")
    settings = restricted_remote(data.decode(errors="replace"), base=home(repository))
    with tempfile.TemporaryDirectory(prefix="rollbook-") as cache:
        yield Storage(settings, connect(settings), ObjectFolder(Path(cache)))


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
