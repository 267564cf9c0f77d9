"""A registry that is served: what main holds now, and what it held, as values that many threads may read."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.api.public_registry import Registry
from rollbook.git.main_history import commit_at
from rollbook.git.repository import resolve_commit
from rollbook.names import parse_moment
from rollbook.registry.kept_main import kept_main_commit, main_at_once
from rollbook.registry.main_branch import main_branch
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.web.registries.standings_read import StandingRead, note

if TYPE_CHECKING:
    from rollbook.git.repository import Repository
    from rollbook.snapshot.tree_snapshot import TreeSnapshot

# Commits that are kept ready: main's, those before it that answers under way still read, those asked for.
_MOST_KEPT = 16


@dataclass(frozen=True, slots=True)
class Standing:
    """A registry as a commit has it; `is_fixed` says whether whoever asked named that commit or moment
    themselves, so that the answer never changes."""

    commit: str
    registry: Registry
    is_fixed: bool = False


class ServedRegistry:
    """A registry in a repository here, under the name that it is served by."""

    def __init__(self, name: str, repository: Repository) -> None:
        self.name = name
        self.repository = repository
        self._lock = threading.Lock()
        self._kept: dict[str, Registry] = {}
        self._reader: TreeSnapshot | None = None

    def now(self) -> Standing:
        """Return what main holds now. Raises Refused where it can't be told which branch is main."""
        commit = kept_main_commit(self.repository)
        note(StandingRead(self, commit, is_now=True))
        return Standing(commit, self._registry_at(commit))

    def now_at_once(self) -> str | None:
        """Return the commit that main stands at; None where it takes more than a look at a few files."""
        return main_at_once(self.repository)

    def stale_for(self) -> float:
        """Return for how many seconds it has not been known whether main has moved: 0 where it is known."""
        return 0.0

    def at(self, *, rev: str | None = None, at: str | None = None) -> Standing:
        """Return what a revision holds, or what main held at a date; without both, what it holds now.

        Raises NotFound for no such revision or a date before the first commit, BadCall for no date.
        """
        if at is not None:
            start = kept_main_commit(self.repository) if rev is None else resolve_commit(self.repository, rev)
            called = rev or main_branch(self.repository)
            commit = commit_at(self.repository, start, parse_moment(at), called=called)
        elif rev is not None:
            commit = resolve_commit(self.repository, rev)
        else:
            return self.now()
        note(StandingRead(self, commit, is_now=False))
        return Standing(commit, self._registry_at(commit), is_fixed=rev is None or rev == commit)

    def close(self) -> None:
        """End the process that reads the repository."""
        with self._lock:
            if self._reader is not None:
                self._reader.close()

    def _registry_at(self, commit: str) -> Registry:
        with self._lock:
            if (kept := self._kept.pop(commit, None)) is not None:
                self._kept[commit] = kept  # the last one to go: others are asked for by strangers
                return kept
            if self._reader is None:
                self._reader = commit_snapshot(self.repository, commit)
            if len(self._kept) >= _MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[commit] = Registry(self.repository, self._reader.at(commit))
            return self._kept[commit]
