"""Several writes that are to be one commit: collected in a `with` block, each upon the one before."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rollbook.errors import AlreadySo, BadCall, Conflict, NotFound, Refused
from rollbook.layout import Kind, place
from rollbook.names import precedence
from rollbook.propose.change_series import ChangeSeries
from rollbook.propose.proposal import Write
from rollbook.registry.change import changed_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rollbook.git.repository import Repository


@dataclass(frozen=True, slots=True)
class _Step:
    """A write of a batch: how it is planned upon a commit, and what was planned."""

    plan: Callable[[str], Write]
    made: Write

    @property
    def is_registration(self) -> bool:
        return self.made.upload is not None


@dataclass(slots=True)
class Batch:
    """An open batch on a registry. `reasons` are those of the blocks that are open, the outermost first."""

    repository: Repository
    series: ChangeSeries
    reasons: list[str]
    steps: list[_Step] = field(default_factory=list)
    has_ended: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock)

    def add(self, plan: Callable[[str], Write]) -> str:
        """Plan a write upon those before, and add it; return the commit that holds them all.

        Bytes are sent at once: where they come from may be gone at the batch's end. Raises BadCall when the
        batch has ended.
        """
        with self.lock:
            if self.has_ended:
                raise BadCall("the batch has ended", hint="Make its calls before its `with` block ends.")
            try:
                made = plan(self.series.tip)
            except AlreadySo:
                return self.series.tip
            _require_order(made, self.steps)
            if made.upload:
                made.upload()
            self.series.add(made.change)
            self.steps.append(_Step(plan, made))
            return self.series.tip

    def as_one(self, base: str) -> Write:
        """Return all its writes as one upon the commit `base`, where they are planned anew when main has
        moved there. Raises Conflict when that can't be, AlreadySo when they change nothing."""
        if base != self.series.base:
            self.series = self._replayed(base)
        return Write(self.series.as_one(self.reasons[0]))

    def _replayed(self, base: str) -> ChangeSeries:
        series = ChangeSeries(self.repository, base)
        for step in self.steps:
            try:
                if step.is_registration:
                    self._require_untouched(step, base)
                    series.add(step.made.change)
                else:
                    series.add(step.plan(series.tip).change)
            except AlreadySo:
                continue
            except (NotFound, Refused) as error:
                raise Conflict(
                    f"main has moved on since the batch began, and now {error}",
                    hint="Nothing was changed. Run the block again.",
                ) from error
        return series

    def _require_untouched(self, step: _Step, base: str) -> None:
        """Raise Conflict when somebody else registered a version of the same model meanwhile: the number that
        the block was told would be theirs."""
        files = step.made.change.proposal.files
        models = {model for model, _ in _registered(step.made)}
        for change in changed_files(self.repository, self.series.base, base, directory=""):
            is_twin = change.added and change.place.kind is Kind.MANIFEST and change.place.model in models
            if is_twin or change.path in files:
                raise Conflict(
                    f"somebody else changed {change.path} since the batch began",
                    hint="Nothing was changed. Run the block again: it is told other numbers then.",
                )

    def mark(self) -> tuple[ChangeSeries, int]:
        """Return where it stands, for `back_to`."""
        return replace(
            self.series,
            subjects=[*self.series.subjects],
            branches=[*self.series.branches],
            files={**self.series.files},
        ), len(self.steps)

    def back_to(self, mark: tuple[ChangeSeries, int]) -> None:
        """Drop what was added since `mark`."""
        with self.lock:
            self.series = mark[0]
            del self.steps[mark[1] :]


_open: ContextVar[tuple[Batch, ...]] = ContextVar("open_batches", default=())


def open_batch(repository: Repository) -> Batch | None:
    """Return the batch on a registry that this thread, or task, has open; None without."""
    same = (batch for batch in _open.get() if batch.repository.common_dir == repository.common_dir)
    return next(same, None)


def opened(batch: Batch) -> Callable[[], None]:
    """Have this thread's, or task's, writes to the registry go into `batch`; return what ends that."""
    token = _open.set((*_open.get(), batch))

    def end() -> None:
        _open.reset(token)
        with batch.lock:
            batch.has_ended = True

    return end


def _registered(made: Write) -> Iterator[tuple[str, str]]:
    """Yield the versions that a write registers, each with its model."""
    for path in made.change.proposal.files:
        where = place(path)
        if where.kind is Kind.MANIFEST and where.model and where.version:
            yield where.model, where.version


def _require_order(made: Write, steps: list[_Step]) -> None:
    """Raise Refused for a version below one that the same batch registers: in one commit a model's versions
    are numbered from the lowest up, and the block was told other numbers."""
    if made.upload is None:
        return
    before = [one for step in steps if step.is_registration for one in _registered(step.made)]
    for model, version in _registered(made):
        for other, above in before:
            if other == model and precedence(above) > precedence(version):
                raise Refused(
                    f"{model}@{version} can't be registered in one batch after {above}",
                    hint="Register the lower version first, or end the batch before.",
                )
