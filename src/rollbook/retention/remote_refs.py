"""Everything that the git remote's refs lead to, brought here for a while: other people's branches and
proposals."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rollbook.git.refs import (
    NO_OBJECT,
    RefUpdate,
    fetch,
    fetch_tags,
    mirror_refs,
    ref_ids,
    remote_refs,
    update_refs,
)
from rollbook.registry.main_branch import has_remote, remote_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.git.repository import Repository

_SEEN = "refs/rollbook/seen/"


@contextmanager
def seen(repository: Repository) -> Iterator[None]:
    """While it lasts, every ref of the remote stands here as well, below `refs/rollbook/seen`.

    A clone that fetches one branch only would not see the others, and none sees pull requests from forks.
    What a run that was killed left there is renewed by the next. Nothing happens without a remote. Raises
    GitFailed when the remote can't be reached.
    """
    if not has_remote(repository):
        yield
        return
    try:
        refresh(repository)
        yield
    finally:
        brought = ref_ids(repository, _SEEN).items()
        update_refs(repository, [RefUpdate(ref, NO_OBJECT, oid) for ref, oid in brought])


def refresh(repository: Repository) -> None:
    """Bring main, the tags, and what stands below `refs/rollbook/seen` to what the remote has now."""
    remote = remote_name(repository)
    fetch_tags(repository, remote)
    fetch(repository, remote)
    mirror_refs(repository, remote, _SEEN)


def remote_state(repository: Repository) -> dict[str, str]:
    """What the remote's refs point at now, by their names; nothing without a remote."""
    return remote_refs(repository, remote_name(repository)) if has_remote(repository) else {}
