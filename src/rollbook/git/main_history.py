"""The main branch's history: its commits in order, and which one stood at a date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from rollbook.errors import BadCall, NotFound
from rollbook.git.repository import resolve_commit

if TYPE_CHECKING:
    from rollbook.git.repository import Repository


@dataclass(frozen=True, slots=True)
class Landed:
    """One first-parent commit of main, and when it was committed (Unix time, seconds)."""

    commit: str
    committed_at: int


def parse_moment(text: str) -> datetime:
    """The moment that a date or a time names; a bare date means the end of that day, no zone means UTC.

    ISO 8601 / RFC 3339, e.g. `2026-03-01`, `2026-03-01T12:00:00Z`. Raises BadCall for anything else.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadCall(
            f"{text[:60]!r} is not a date", hint="Write it like 2026-03-01 or 2026-03-01T12:00:00Z."
        ) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if len(text) <= len("2026-03-01") and moment.time() == time.min:
        moment += timedelta(days=1, microseconds=-1)
    return moment


def first_parents(repository: Repository, revision: str) -> list[Landed]:
    """The first-parent commits of `revision`, oldest first. Raises NotFound when it names no commit."""
    # Not `git log`, whose output the user's configuration changes (log.showSignature).
    commit = resolve_commit(repository, revision)
    listed = repository.git("rev-list", "--first-parent", "--reverse", "--timestamp", commit, "--").decode()
    pairs = (line.split() for line in listed.splitlines())
    return [Landed(commit, int(seconds)) for seconds, commit in pairs]


def commit_at(repository: Repository, revision: str, moment: datetime, *, called: str = "") -> str:
    """The commit that the branch `revision`, in errors `called` so, stood at, at `moment`.

    Dates count in the order of the branch only: a commit that claims to be older than one before it
    stands at the date of the one before. Raises NotFound when the branch began later.
    """
    last, running = None, 0
    for landed in first_parents(repository, revision):
        running = max(running, landed.committed_at)
        if running > moment.timestamp():
            break
        last = landed.commit
    if last is None:
        raise NotFound(
            f"{(called or revision.removeprefix('refs/heads/'))[:120]!r} has no commit as old as "
            f"{moment:%Y-%m-%d %H:%M:%S %Z}",
            hint="Name a later date; `rollbook history` shows when each version was registered.",
        )
    return last
