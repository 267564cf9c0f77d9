"""When a server received what is on main: a chain of commits, one for each push, that only its hook writes.

A receipt is a commit of an empty tree: its first parent is the receipt before it, its second the commit that
main moved to, its date the server's clock. The first of the chain has no parent and says nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.git.process import git
from rollbook.git.refs import NO_OBJECT, RefUpdate, ref_id, update_refs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.git.repository import Repository

RECEIPTS = "refs/rollbook/received"
# Not the user's: whoever pushes by a path of this machine brings their own name and date along.
_SERVER = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "rollbook"), ("EMAIL", "rollbook@localhost"))
}


def receipts(repository: Repository) -> dict[str, int]:
    """Return the commits that a server saw main move to, with when it first did (Unix time, seconds)."""
    if ref_id(repository, RECEIPTS) is None:
        return {}
    listed = git(repository, "rev-list", "--first-parent", "--parents", "--timestamp", RECEIPTS, "--")
    received: dict[str, int] = {}
    for row in listed.decode().split("\n")[:-1]:  # numbers and ids
        seconds, _, *parents = row.split(" ")
        if len(parents) == 2:
            received[parents[1]] = min(int(seconds), received.get(parents[1], int(seconds)))
    return received


def write_receipts(repository: Repository, commits: Sequence[str], now: int) -> None:
    """Add a receipt for each of these commits of main, dated `now` (Unix time, seconds). Raises Conflict when
    somebody else adds one at the same moment."""
    old = ref_id(repository, RECEIPTS)
    tip = old or _receipt(repository, [], now)
    for commit in commits:
        tip = _receipt(repository, [tip, commit], now)
    update_refs(repository, [RefUpdate(RECEIPTS, tip, old or NO_OBJECT)])


def _receipt(repository: Repository, parents: Sequence[str], now: int) -> str:
    dated = {f"GIT_{who}_DATE": f"@{now} +0000" for who in ("AUTHOR", "COMMITTER")}
    tree = git(repository, "mktree", stdin=b"").decode().removesuffix("\n")
    chain = [word for parent in parents for word in ("-p", parent)]
    made = git(repository, "commit-tree", *chain, tree, stdin=b"Received\n", variables={**_SERVER, **dated})
    return made.decode().removesuffix("\n")
