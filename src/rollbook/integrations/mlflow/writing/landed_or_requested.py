"""How MLflow's calls become changes of main: landed and recorded, or requested; several as one in a batch."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from rollbook.errors import AlreadySo, BadCall, Conflict
from rollbook.git.operation import one_operation
from rollbook.integrations.mlflow.failures import how_to_land
from rollbook.integrations.mlflow.writing.open_batch import Batch, Write, open_batch, opened
from rollbook.integrations.mlflow.writing.requesting import landed, request
from rollbook.propose.change_series import ChangeSeries
from rollbook.propose.direct_landing import fetched_main, land_change
from rollbook.propose.kept_clone import refresh
from rollbook.propose.writing_lock import alone
from rollbook.registry.kept_main import kept_main_commit
from rollbook.registry.main_branch import main_commit
from rollbook.registry.registry import Registry
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rollbook.git.repository import Repository
    from rollbook.integrations.mlflow.store_address import StoreAddress

__all__ = ["Write", "collected", "main_or_batch", "reason_for", "write"]

_ATTEMPTS = 5


def main_or_batch(repository: Repository) -> str:
    """Return the commit that calls see: main's, or in a batch what its changes have made of it. Raises
    GitFailed where main is elsewhere and can't be reached."""
    batch = open_batch(repository)
    if batch:
        return batch.series.tip
    refresh(repository)
    return kept_main_commit(repository)


def reason_for(repository: Repository, usual: str) -> str:
    """Return why a change is made: what the open batch says, else the `usual` words."""
    batch = open_batch(repository)
    return batch.reasons[-1] if batch else usual


def write(repository: Repository, plan: Callable[[str], Write], address: StoreAddress) -> str:
    """Do what `plan` makes upon the commit that it is given, or add it to the open batch; return the commit
    that holds it. What is so already is no change, and no error.

    As `address` says, else the policy, it is landed, or requested; a request that does not land while it is
    waited for is told by RequestWaits. Raises ChangeRefused when the check says no, Conflict when others keep
    being first.
    """
    batch = open_batch(repository)
    if batch:
        return batch.add(plan)
    try:
        return _carried_out(repository, plan, address)
    except AlreadySo:
        return main_commit(repository)


@contextmanager
def collected(repository: Repository, reason: str, address: StoreAddress) -> Iterator[None]:
    """Collect the writes of a `with` block; when it ends well, they are done as one. A block inside another
    one joins it. Raises BadCall without a reason, and as `write` does."""
    if not (reason := one_line(reason)):
        raise BadCall("a batch needs a reason", hint='Say why: batch("approved by the risk board")')
    outer = open_batch(repository)
    if outer is None:
        yield from _outermost(repository, reason, address)
        return
    mark = outer.mark()
    outer.reasons.append(reason)
    try:
        yield
    except BaseException:
        outer.back_to(mark)
        raise
    finally:
        outer.reasons.pop()


def _outermost(repository: Repository, reason: str, address: StoreAddress) -> Iterator[None]:
    batch = Batch(repository, ChangeSeries(repository, fetched_main(repository)), [reason])
    end = opened(batch)
    try:
        yield
    finally:
        end()
    if batch.steps:
        with suppress(AlreadySo):
            _carried_out(repository, batch.as_one, address)


@one_operation()
def _carried_out(repository: Repository, plan: Callable[[str], Write], address: StoreAddress) -> str:
    """Land or request a change, as the address says, else the policy; without either it is requested."""
    with alone(repository):
        base = fetched_main(repository)
        with Registry(repository, commit_snapshot(repository, base)) as registry:
            told = registry.policy.mlflow
        if (address.mode or told.mode) == "land":
            return _landed(repository, plan, base)
        made = request(repository, plan(base))
    hint = "" if address.mode or told.mode else how_to_land()
    return landed(repository, made, address.wait or told.wait, hint)


def _landed(repository: Repository, plan: Callable[[str], Write], base: str) -> str:
    for attempt in range(_ATTEMPTS):
        planned = plan(base)
        try:
            return land_change(repository, planned.change, planned.upload or (lambda: None)).commit
        except Conflict:
            if attempt == _ATTEMPTS - 1:
                raise
        base = fetched_main(repository)
    raise AssertionError("the loop returns or raises")
