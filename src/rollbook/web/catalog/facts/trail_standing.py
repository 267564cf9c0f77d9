"""Whether the audit trail holds, as the catalog's badge says it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import astuple, dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollbook.errors import RollbookError
from rollbook.git.repository import discover
from rollbook.snapshot.workers import beside
from rollbook.trail.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rollbook.git.repository import Repository

PROOF = "rollbook audit verify"


@dataclass(frozen=True, slots=True)
class TrailStanding:
    """What came of verifying the trail: `result` is `verified`, `tampered` or `unknown`; up to which commit
    of main, how many events, with which tag it ends, and what is wrong or can't be told, a line each."""

    result: str
    commit: str = ""
    events: int = 0
    head: str = ""
    said: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """What its badge shows."""
        return {"verified": "good", "tampered": "bad"}.get(self.result, "unknown")

    @property
    def words(self) -> str:
        """What its badge says."""
        match self.result:
            case "verified":
                return f"Trail verified at commit {self.commit[:12]}"
            case "tampered":
                return "The trail was tampered with"
        return "The trail can't be verified here"


def trail_standing(repository: Repository) -> TrailStanding:
    """Return whether the trail of a repository holds, all of it."""
    try:
        verification = verify(repository)
    except RollbookError as error:
        return TrailStanding("unknown", said=(str(error),))
    said = [item.message for item in verification.contradictions]
    said += [doubt.message for doubt in verification.doubts]
    head = verification.head.tag if verification.head else ""
    return TrailStanding(verification.result, verification.main, verification.events, head, tuple(said))


@contextmanager
def verified_meanwhile(repository: Repository, *, is_long: bool) -> Iterator[Callable[[], TrailStanding]]:
    """Yield what returns how the trail stands: of a long one in a process that begins now, else when it is
    asked first."""
    if not is_long:
        yield cache(partial(trail_standing, repository))
        return
    with beside(told_standing, str(repository.directory)) as answer:

        @cache
        def standing() -> TrailStanding:
            result, commit, events, head, said = answer()
            return TrailStanding(result, commit, events, head, tuple(said))

        yield standing


def told_standing(directory: str, _: object) -> Iterator[tuple[Any, ...]]:
    """Yield how the trail of the repository there stands: the fields of a TrailStanding."""
    yield astuple(trail_standing(discover(Path(directory))))
