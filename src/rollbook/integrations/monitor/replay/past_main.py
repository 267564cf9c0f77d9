"""Main as it stood at each moment of a period: which registry there was, and which versions moved when."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.git.main_history import commits_touching, first_parents
from rollbook.registry.registry import Registry
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.trail.derive import derive
from rollbook.trail.event import Action
from rollbook.trail.landings import landed_changes
from rollbook.trail.stage_times import paths_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType
    from typing import Self

    from rollbook.git.repository import Repository


@dataclass(frozen=True, slots=True)
class StageMove:
    """A version came into `stage` at a moment. `is_return` says whether it had been there before: a rollback,
    or whatever else brought it back."""

    at: datetime
    model: str
    version: str
    stage: str
    is_return: bool

    def __str__(self) -> str:
        return f"{self.version} {'back in' if self.is_return else 'to'} {self.stage}"


class PastMain:
    """Main up to the commit `tip`. A commit counts from when it landed, as `--at` has it; close it after
    use."""

    def __init__(self, repository: Repository, tip: str) -> None:
        self._repository = repository
        self._tip = tip
        touching = {commit.oid for commit in commits_touching(repository, tip, None, (layout.ROOT,))}
        line = first_parents(repository, tip)
        self._landed = {landed.commit: landed.landed_at for landed in line}
        self._line = [landed for landed in line if landed.commit in touching]
        self._times = [landed.landed_at for landed in self._line]
        self._open: tuple[str, Registry] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._open is not None:
            self._open[1].__exit__()

    def registry_at(self, moment: datetime) -> Registry | None:
        """Return the registry as main had it; None before there was one. It stays open until the next one is
        asked for."""
        place = bisect_right(self._times, int(moment.timestamp()))
        if not place:
            return None
        commit = self._line[place - 1].commit
        if self._open is None or self._open[0] != commit:
            if self._open is not None:
                self._open[1].__exit__()
            self._open = commit, Registry(self._repository, commit_snapshot(self._repository, commit))
        return self._open[1]

    def moves(self, models: Sequence[str]) -> tuple[StageMove, ...]:
        """Return every move of these models' versions that main ever made, oldest first."""
        return tuple(self._moves(models))

    def _moves(self, models: Sequence[str]) -> Iterator[StageMove]:
        paths = sorted({path for model in models for path in paths_of(model)})
        changes = landed_changes(self._repository, self._tip, None, paths) if paths else []
        named, been = frozenset(models), set[tuple[str, str, str]]()
        for event in derive(self._repository, changes, {}, with_manifests=False):
            if event.action is not Action.ASSIGNED or event.start == event.target:
                continue
            if event.model in named:
                key = event.model, event.version, event.target
                at = datetime.fromtimestamp(self._landed[event.landed_in], UTC)
                yield StageMove(at, *key, is_return=key in been)
                been.add(key)
