"""Whether commits are dated in the future, which would block what waits for time until then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.check.finding import Finding
from rollbook.git.main_history import MOST_AHEAD, commit_dates
from rollbook.names import time_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rollbook.git.repository import Repository

_LAST_SECOND = 253402300799  # of the year 9999


def future_findings(repository: Repository, base: str | None, head: str, now: datetime) -> Iterator[Finding]:
    """Yield a finding for the commit that is furthest ahead of `now`, of those that the commit `head` has and
    `base` (None: nothing) has not; none where no date is more than MOST_AHEAD seconds ahead."""
    seconds, oid = max(((at, oid) for oid, at in commit_dates(repository, base, head)), default=(0, ""))
    if seconds > now.timestamp() + MOST_AHEAD:
        dated = time_text(min(seconds, _LAST_SECOND))
        message = f"commit {oid[:12]} is dated {dated}, and it is {now:%Y-%m-%dT%H:%M:%SZ} here"
        hint = "Set the clock right and make the commit anew: git rebase --force-rebase BASE."
        yield Finding("RB311", layout.ROOT, message, hint=hint)
