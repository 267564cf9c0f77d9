"""Whether a request is one that was made before, as its `Idempotency-Key` says.

Nothing but the repository remembers it: the commit's message has a digest of the key, so that every replica
knows (https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.errors import Refused
from rollbook.git.commits import read_commit
from rollbook.git.main_history import newest_saying
from rollbook.git.repository import is_ancestor
from rollbook.registry.change import changed_files
from rollbook.registry.request_branches import branch_tips
from rollbook.trail.tag import recorded_trail

if TYPE_CHECKING:
    from rollbook.git.repository import Repository

_TRAILER = "Idempotency-Key"
_REMEMBERED = "7 days ago"


@dataclass(frozen=True, slots=True)
class DoneBefore:
    """What was made of the same request before: its commit, and the branch that holds it; empty once main
    does."""

    commit: str
    branch: str
    subject: str


def with_fingerprint(message: str, fingerprint: str) -> str:
    """Return a commit's message with what tells its request, so that it is known when it comes again."""
    return f"{message.rstrip()}\n\n{_TRAILER}: {fingerprint}\n" if fingerprint else message


def done_before(repository: Repository, base: str, email: str, fingerprint: str) -> DoneBefore | None:
    """Return what an earlier request of the same key has made, on main or as an open request; None without.

    Raises Refused where the key was used for something else.
    """
    if not fingerprint:
        return None
    tips = {
        name: tip
        for name, places in branch_tips(repository, ask_remote=True).items()
        for tip in places.values()
    }
    whose = f"{_TRAILER}: {fingerprint.partition('-')[0]}-"
    # Others may write such a line too, but not in the name of whoever asks.
    found = newest_saying(repository, [base, *tips.values()], whose, _REMEMBERED, by=email)
    if found is None:
        return None
    commit = read_commit(repository, found)
    if fingerprint not in commit.message:
        raise Refused(
            "this Idempotency-Key was used for another request", hint="Use a key of its own for each request."
        )
    is_on_main = is_ancestor(repository, found, base)
    holding = (name for name, tip in tips.items() if is_ancestor(repository, found, tip))
    return DoneBefore(found, "" if is_on_main else next(holding, ""), commit.subject)


def tags_recording(repository: Repository, commit: str) -> list[str]:
    """Return the audit tags of what a commit of main brought, in the order of its events."""
    parents = read_commit(repository, commit).parents
    changes = changed_files(repository, parents[0], commit) if parents else []
    models = {change.place.model for change in changes if change.place.model}
    tags = recorded_trail(repository, models).tags.values() if models else ()
    events = sorted(
        (tag.event.model, tag.event.number, tag.event.tag) for tag in tags if tag.event.landed_in == commit
    )
    return [name for *_, name in events]
