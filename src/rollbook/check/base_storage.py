"""The storage that a change is judged with: the one that the base names, whatever the change says."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rollbook.errors import NotFound
from rollbook.git.checkout import is_tracked
from rollbook.registry.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.artifact.storage import ReadOnlyStorage
    from rollbook.git.repository import Repository
    from rollbook.snapshot.snapshot import Snapshot

_CONFIG, _LOCAL = ".dvc/config", ".dvc/config.local"


@contextmanager
def base_storage(repository: Repository, base: Snapshot) -> Iterator[ReadOnlyStorage]:
    """The artifacts' storage as the base's `.dvc/config` has it.

    The working tree's own settings, credentials included, are used while they are the base's; a change that
    is checked out can't point elsewhere. Raises NotFound when the base has no such file.
    """
    from rollbook.artifact.retrieval import registry_storage
    from rollbook.artifact.storage import read_only_storage

    (config,) = base.read_many([_CONFIG])
    if config is None:
        raise NotFound(f"{_CONFIG} does not exist in the base", hint="Set DVC up on the main branch.")
    root = repository.work_tree
    if root is None or _is_configured_so(repository, config):
        with registry_storage(Registry(repository, base)) as storage:
            yield storage
        return
    with read_only_storage(config.decode(errors="replace"), base=root) as storage:
        yield storage


def _is_configured_so(repository: Repository, config: bytes) -> bool:
    assert repository.work_tree is not None
    try:
        same = (repository.work_tree / _CONFIG).read_bytes() == config
    except OSError:
        return False
    # A file of local settings that git tracks came with somebody's change.
    return same and not is_tracked(repository, _LOCAL)
