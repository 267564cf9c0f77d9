"""Rejecting a request: its branch goes, and a tag keeps what was proposed and why it was turned down."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.errors import BadCall, NotFound, Refused
from rollbook.git.checkout import checkouts_of
from rollbook.git.operation import one_operation
from rollbook.git.refs import (
    HEADS,
    NO_OBJECT,
    TAGS,
    RefUpdate,
    push,
    remote_branch,
    resolve_branch,
    update_refs,
)
from rollbook.git.write import ObjectWriter, committer_identity, identity
from rollbook.registry.main_branch import has_remote, main_branch, published_commit, remote_name
from rollbook.registry.request_branches import FOLDER, has_landed
from rollbook.signing.tag_signing import signer
from rollbook.text import one_line
from rollbook.trail.tag import annotated_tag

if TYPE_CHECKING:
    from rollbook.git.repository import Repository

_TAGS = "rejected"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A request that was closed: its branch, the commit it stood at, who closed it and why, the tag that
    keeps it, and the remote that has the tag (None: this repository alone)."""

    branch: str
    commit: str
    by: str
    reason: str
    tag: str
    remote: str | None


@one_operation()
def reject(repository: Repository, branch: str, *, reason: str) -> Rejected:
    """Remove a request's branch, here and on the remote at once, and tag what it proposed.

    The tag `rejected/ACTION/...` is annotated, signed as the trail's are, and says who and why. A forge
    closes the pull request of a branch that goes. Raises BadCall without a reason, NotFound for an unknown
    branch, Refused for one that is no request, that has landed, differs here and on the remote, or is checked
    out, Conflict when it moved meanwhile. Nothing has changed then.
    """
    why = one_line(reason)
    if not why:
        raise BadCall("a rejection needs a reason", hint='Say why: --reason "..."')
    if not branch.startswith(f"{FOLDER}/"):
        raise Refused(f"{branch!r} is no request", hint="`rollbook requests` lists what is open.")
    remote = remote_name(repository) if has_remote(repository) else None
    local = resolve_branch(repository, branch)
    there = remote_branch(repository, remote, branch) if remote else None
    commit = _tip(repository, branch, local, there)
    by = identity(repository)
    tag = f"{_TAGS}/{branch.removeprefix(f'{FOLDER}/')}/{commit[:12]}"
    message = f"Reject {branch}\n\n{why}\n\nRejected-By: {by.email}\n"
    data = annotated_tag(tag, commit, committer_identity(repository), int(time.time()), message)
    sign = signer(repository)
    oid = ObjectWriter(repository).store("tag", sign(data) if sign else data)
    kept = RefUpdate(f"{TAGS}{tag}", oid, NO_OBJECT)
    ref = f"{HEADS}{branch}"
    if remote:
        push(repository, remote, [kept, *([RefUpdate(ref, NO_OBJECT, there)] if there else [])])
    update_refs(repository, [kept, *([RefUpdate(ref, NO_OBJECT, local)] if local else [])])
    return Rejected(branch, commit, by.email, why, tag, remote)


def _tip(repository: Repository, branch: str, local: str | None, there: str | None) -> str:
    """Return the commit that a request stands at, here and on the remote alike."""
    commit = local or there
    if commit is None:
        raise NotFound(f"there is no branch {branch!r}", hint="`rollbook requests` lists what is open.")
    if local and there and local != there:
        raise Refused(
            f"{branch} differs here and on the remote",
            hint=f"Bring the two together, or drop the local one (git branch -D {branch}), then reject it.",
        )
    if has_landed(repository, published_commit(repository), commit):
        main = main_branch(repository)
        raise Refused(f"{branch} has landed on {main}", hint="What landed is undone by another change.")
    if local and (checkouts := checkouts_of(repository, branch)):
        hint = f"Leave it first: git switch {main_branch(repository)}"
        raise Refused(f"{branch} is checked out in {checkouts[0]}", hint=hint)
    return commit
