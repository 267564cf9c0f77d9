"""What has landed on main: each of its first-parent commits, with what it changed against its first parent.

So a merge, a squash, a rebase and a direct push are all told by what they brought.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.registry.change import FileChange, parse_raw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.git.repository import Repository


@dataclass(frozen=True, slots=True)
class LandedChange:
    """A first-parent commit of main that touched the registry, and what it changed against its first parent.

    `parent` is None for the first commit of all. `committed_at` is the commit's own date (Unix time).
    """

    commit: str
    parent: str | None
    committed_at: int
    files: tuple[FileChange, ...]


def landed_changes(
    repository: Repository, tip: str, since: str | None = None, paths: Sequence[str] = (layout.ROOT,)
) -> list[LandedChange]:
    """The first-parent commits from `since` (excluded; None: from the beginning) to `tip` that touched the
    registry, or those of its `paths`, oldest first."""
    span = tip if since is None else f"{since}..{tip}"
    listed = repository.git(
        "-c", "log.showRoot=true", "log", "--first-parent", "--diff-merges=first-parent", "--reverse",
        "--raw", "-z", "--no-abbrev", "--no-renames", "--no-show-signature", "--format=%x01%H %P%x02%ct",
        span, "--", *(f":(top,literal){path}" for path in paths),
    )  # fmt: skip
    blocks = listed.decode(errors="surrogateescape").split("\x01")[1:]
    return [_landed_change(block) for block in blocks]


def _landed_change(block: str) -> LandedChange:
    head, _, rest = block.partition("\x02")
    commit, *parents = head.split()
    seconds, *fields = rest.split("\0")
    fields = [part.lstrip("\n") for part in fields if part.strip("\n")]
    return LandedChange(commit, parents[0] if parents else None, int(seconds), tuple(parse_raw(fields)))
