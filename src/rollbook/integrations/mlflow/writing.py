"""How MLflow's calls become changes of main: each checked, landed and recorded, or several as one."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.errors import Conflict
from rollbook.propose.change_series import ChangeSeries
from rollbook.propose.direct_landing import fetched_main, land_change
from rollbook.registry.kept_main import kept_main_commit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rollbook.git.repository import Repository
    from rollbook.propose.proposal import PlannedChange

_ATTEMPTS = 5
_open: ContextVar[ChangeSeries | None] = ContextVar("open_batch", default=None)


@dataclass(frozen=True, slots=True)
class Write:
    """A change, and what sends the bytes that it names."""

    change: PlannedChange
    upload: Callable[[], object] | None = None


def main_or_batch(repository: Repository) -> str:
    """Return the commit that calls see: main's, or in a batch what its changes have made of it."""
    series = _series(repository)
    return series.tip if series else kept_main_commit(repository)


def write(repository: Repository, plan: Callable[[str], Write]) -> str:
    """Land what `plan` makes upon the commit that it is given, or add it to the open batch; return the commit
    that holds it.

    When somebody else lands first, it is planned anew. Raises ChangeRefused when the check says no, Conflict
    when others keep being first.
    """
    series = _series(repository)
    if series:
        added = plan(series.tip)
        series.add(added.change, added.upload)
        return series.tip
    for attempt in range(_ATTEMPTS):
        planned = plan(fetched_main(repository))
        try:
            return land_change(repository, planned.change, planned.upload or (lambda: None)).commit
        except Conflict:
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError("the loop returns or raises")


@contextmanager
def batch(repository: Repository, subject: str) -> Iterator[ChangeSeries]:
    """Collect the writes of a `with` block; when it ends well, they land as one commit."""
    series = ChangeSeries(repository, fetched_main(repository))
    token = _open.set(series)
    try:
        yield series
    finally:
        _open.reset(token)
    if series.subjects:
        land_change(repository, series.as_one(subject), series.upload)


def _series(repository: Repository) -> ChangeSeries | None:
    series = _open.get()
    return series if series and series.repository == repository else None
