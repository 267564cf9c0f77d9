"""What the base of a change tells its gates."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.check.base_storage import base_storage
from rollbook.check.gates.gate import Circumstances
from rollbook.errors import InvalidFile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rollbook.access.roles import Person
    from rollbook.git.repository import Repository
    from rollbook.snapshot.snapshot import Snapshot
    from rollbook.trail.stage_times import Stay


def circumstances(
    repository: Repository,
    base: Snapshot,
    *,
    authors: frozenset[str] | None = None,
    reviews: tuple[Person, ...] = (),
    may_run: bool = False,
    now: datetime | None = None,
) -> Circumstances:
    """The circumstances in which a change to `base` is judged; see `Circumstances` for the arguments.

    Nothing but the allowed signers is read before a gate asks for it.
    """
    try:
        (signers,) = base.read_many([layout.ALLOWED_SIGNERS])
    except InvalidFile:  # too large to be what it should be
        signers = None

    @functools.cache
    def trail_of_base() -> Callable[[str, str], Sequence[Stay]]:
        from rollbook.trail.stage_times import trail

        return trail(repository, base.commit) if base.commit else lambda _model, _version: ()

    def stays(model: str, version: str) -> Sequence[Stay]:
        return trail_of_base()(model, version)

    return Circumstances(
        now=now or datetime.now(UTC),
        authors=authors,
        reviews=reviews,
        allowed_signers=signers or b"",
        may_run=may_run,
        stays=stays,
        storage=functools.partial(base_storage, repository, base),
    )
