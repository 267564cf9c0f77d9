"""Mending the trail: tags that came in past the check and that main knows nothing of are removed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rollbook.access.roles import ADMIN, Person, roles_at, roles_of
from rollbook.errors import NotFound, Refused
from rollbook.git.commits import tree_of
from rollbook.git.refs import (
    NO_OBJECT,
    TAGS,
    RefUpdate,
    fetch,
    fetch_tags,
    push,
    ref_id,
    remote_refs,
    update_refs,
)
from rollbook.git.write import commit, identity
from rollbook.registry.main_branch import has_remote, landed_commit, main_branch, remote_name
from rollbook.signing.tag_signing import has_key
from rollbook.trail.condemned_tags import condemned_tags, mending_message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.git.repository import Repository
    from rollbook.trail.condemned_tags import CondemnedTag


@dataclass(frozen=True, slots=True)
class Mended:
    """The tags that are removed, those that are removed by their names alone, and the commit of main that
    records it: empty when nothing was removed."""

    removed: tuple[CondemnedTag, ...]
    left: tuple[CondemnedTag, ...]
    commit: str = ""

    def as_document(self) -> dict[str, Any]:
        """Return what was mended as JSON data."""
        return {
            "commit": self.commit,
            "removed": [asdict(tag) for tag in self.removed],
            "left": [asdict(tag) for tag in self.left],
        }


def to_mend(repository: Repository, names: Sequence[str] = (), *, push_refs: bool | None = None) -> Mended:
    """Return what mending would remove: the stray tags, or those of these `names`. The remote's tags are
    fetched first, unless `push_refs` is False.

    Raises NotFound for a name that verifying finds nothing wrong with, or that a sound tag builds on.
    """
    if has_remote(repository) and push_refs is not False:
        remote = remote_name(repository)
        fetch_tags(repository, remote)
        fetch(repository, remote)
    condemned = {tag.name: tag for tag in condemned_tags(repository)}
    for name in names:
        if name not in condemned:
            raise NotFound(
                f"the tag {name[:200]!r} is none that may be removed",
                hint="Nothing is wrong with it, or later tags build on it: see `rollbook audit verify`.",
            )
    chosen = [tag for tag in condemned.values() if tag.name in names or (not names and not tag.is_evidence)]
    kept = [tag for tag in condemned.values() if tag not in chosen]
    return Mended(tuple(chosen), tuple(kept))


def mend(repository: Repository, names: Sequence[str] = (), *, push_refs: bool | None = None) -> Mended:
    """Remove what `to_mend` tells, here and on the remote, each tag only as it stood when it was judged, and
    record that in a commit on main, which changes no file.

    Raises Refused unless the policy's roles make the user an admin, Conflict when something moved meanwhile.
    """
    plan = to_mend(repository, names, push_refs=push_refs)
    to_remote = has_remote(repository) if push_refs is None else push_refs
    remote = remote_name(repository) if to_remote else None
    base = landed_commit(repository, remote)
    _require_admin(repository, base)
    tree = tree_of(repository, base)
    if not plan.removed or tree is None:
        return plan
    message = mending_message(list(plan.removed))
    made = commit(repository, tree, [base], message, sign=has_key(repository))
    main = f"refs/heads/{main_branch(repository)}"
    deletions = [RefUpdate(f"{TAGS}{tag.name}", NO_OBJECT, tag.oid) for tag in plan.removed]
    if remote:
        there = remote_refs(repository, remote, f"{TAGS}*")
        push(
            repository, remote, [RefUpdate(main, made, base), *(tag for tag in deletions if tag.ref in there)]
        )
    # A main that stands elsewhere here is its user's to bring up to date.
    own = [RefUpdate(main, made, base)] if ref_id(repository, main) == base else []
    update_refs(repository, [*own, *deletions])
    return Mended(plan.removed, plan.left, made)


def _require_admin(repository: Repository, base: str) -> None:
    roles = roles_at(repository, base)
    email = identity(repository).email
    if roles and ADMIN not in roles_of(Person(email=email), roles):
        raise Refused(f"{email} is no admin by the policy", hint="An admin mends the trail.")
