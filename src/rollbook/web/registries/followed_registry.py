"""A registry elsewhere that is served from a clone kept here, which follows it."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.errors import RollbookError
from rollbook.git.address import without_credentials
from rollbook.text import one_line
from rollbook.web.registries.served_registry import ServedRegistry

if TYPE_CHECKING:
    from rollbook.git.repository import Repository

_LONGEST_PAUSE = 300.0  # seconds between two attempts, however long it has failed
_SHORTEST_PAUSE = 1.0  # between two fetches, however often a webhook calls
_LATE = 2  # so many intervals without a fetch are one too many: what is served is stale
logger = logging.getLogger("rollbook.service")


@dataclass(slots=True)
class Following:
    """How it goes: when main was last known (monotonic time), how many fetches came to an end since the
    start, found main rewritten, failed, and failed since one came to an end; what went wrong last."""

    known: float
    fetched: int = 0
    rewritten: int = 0
    failed: int = 0
    failed_since: int = 0
    problem: str = ""


class FollowedRegistry(ServedRegistry):
    """The kept clone of the registry at `url`, fetched every so many seconds and whenever `fetch_soon` says.

    What was fetched last is served while no fetch succeeds.
    """

    def __init__(self, name: str, repository: Repository, url: str, every: float) -> None:
        super().__init__(name, repository)
        self.url = url
        self.following = Following(time.monotonic())
        self._every = every
        self._called = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=f"follow {name}", daemon=True)

    @classmethod
    def followed(cls, name: str, url: str, every: float) -> FollowedRegistry:
        """Return the registry at an address, cloned unless a clone is kept, fetched, and followed from here
        on. Raises BadCall for an address that holds a password, GitFailed when it can't be cloned."""
        from rollbook.propose.kept_clone import kept_clone

        followed = cls(name, kept_clone(url), url, every)
        followed.fetch()
        followed._thread.start()
        return followed

    def fetch_soon(self) -> None:
        """Have it fetched without waiting for the next turn."""
        self._called.set()

    def fetch(self) -> None:
        """Fetch, and take note of how that went."""
        # Imported for those that are elsewhere alone: what follows a remote takes a tenth of a second.
        from rollbook.propose.kept_clone import follow_remote

        told = self.following
        try:
            is_rewritten = follow_remote(self.repository)
        except (RollbookError, OSError) as error:
            told.failed += 1
            told.failed_since += 1
            told.problem = one_line(without_credentials(str(error)), 300)
            logger.warning(
                "fetch_failed",
                extra={
                    "members": {"registry": self.name, "problem": told.problem, "times": told.failed_since}
                },
            )
            return
        if is_rewritten:
            told.rewritten += 1
            logger.warning("main_rewritten", extra={"members": {"registry": self.name}})
        told.fetched += 1
        told.failed_since, told.problem, told.known = 0, "", time.monotonic()

    def stale_for(self) -> float:
        """Return how many seconds ago main was last known, where fetches fail or are late; else 0."""
        since = time.monotonic() - self.following.known
        is_late = self._every > 0 and since > _LATE * self._every + 60
        return since if self.following.failed_since or is_late else 0.0

    def close(self) -> None:
        """End following, and what reads the clone."""
        self._ended.set()
        self._called.set()
        super().close()

    def pause(self) -> float | None:
        """Return for how many seconds nothing is fetched: longer with every failure; None for until it is
        called for."""
        if not self.following.failed_since:
            return self._every or None
        longer: float = 2.0 ** min(self.following.failed_since, 10)
        return min(_LONGEST_PAUSE, (self._every or 5.0) * longer)

    def _follow(self) -> None:
        while not self._ended.is_set():
            self._called.wait(self.pause())
            self._called.clear()
            if self._ended.is_set():
                return
            self.fetch()
            self._ended.wait(_SHORTEST_PAUSE)
