"""What the base of a change tells its gates."""

from __future__ import annotations

import functools
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.check.gates.gate import Circumstances
from rollbook.errors import BadCall, InvalidFile, NotFound, Refused
from rollbook.git.checkout import is_tracked
from rollbook.registry.registry import Registry
from rollbook.registry.served import Use, served_of
from rollbook.snapshot.safe_open import read_beneath
from rollbook.trail.evidence_on_record import EvidenceOnRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rollbook.access.roles import Person
    from rollbook.artifact.read_only_storage import ReadOnlyStorage
    from rollbook.git.repository import Repository
    from rollbook.registry.served import Served
    from rollbook.signing.approval_signature import Occasion
    from rollbook.snapshot.snapshot import Snapshot
    from rollbook.trail.stage_times import Stay


_CONFIG, _LOCAL = ".dvc/config", ".dvc/config.local"


def circumstances(
    repository: Repository,
    base: Snapshot,
    *,
    authors: frozenset[str] | None = None,
    hands: frozenset[str] = frozenset(),
    reviews: tuple[Person, ...] = (),
    may_run: bool = False,
    now: datetime | None = None,
    of_all: bool = False,
) -> Circumstances:
    """Return the circumstances in which a change to `base` is judged; see `Circumstances` for the arguments.

    That very many models will be asked about, `of_all` tells: main's history is read once then.
    Nothing but the allowed signers is read before a gate asks for it.
    """
    now = now or datetime.now(UTC)
    try:
        (signers,) = base.read_many([layout.ALLOWED_SIGNERS])
    except InvalidFile:  # too large to be what it should be
        signers = None

    @functools.cache
    def trail_of_base() -> Callable[[str, str], Sequence[Stay]]:
        from rollbook.trail.stage_times import trail

        return trail(repository, base.commit, now, of_all=of_all) if base.commit else lambda *_: ()

    def stays(model: str, version: str) -> Sequence[Stay]:
        return trail_of_base()(model, version)

    @functools.cache
    def occasion(model: str) -> Occasion:
        from rollbook.trail.occasion import occasion_at

        return occasion_at(repository, base.commit or "", model)

    return Circumstances(
        now=now,
        authors=authors,
        hands=hands,
        reviews=reviews,
        allowed_signers=signers or b"",
        may_run=may_run,
        stays=stays,
        said_of_evidence=EvidenceOnRecord(repository, base.commit),
        use=_use_on_record(repository, base, now),
        storage=functools.partial(_base_storage, repository, base),
        occasion=occasion if base.commit else None,
    )


def _use_on_record(repository: Repository, base: Snapshot, now: datetime) -> Callable[[str, str], Use]:
    """Return a function that tells what evidence says of the use of a version (model, version)."""

    @functools.cache
    def used(model: str) -> Mapping[str, Served]:
        try:
            return served_of(Registry(repository, base).model(model), now)
        except NotFound:  # the change brings it
            return {}

    return lambda model, version: Use(used(model).get(f"{model}@{version}"))


@contextmanager
def _base_storage(repository: Repository, base: Snapshot) -> Iterator[ReadOnlyStorage]:
    """Open the artifacts' storage as the base's `.dvc/config` has it.

    The working tree's own settings, credentials included, are used while they are the base's; a change that
    is checked out can't point elsewhere. Raises NotFound when the base has no such file.
    """
    from rollbook.artifact.read_only_storage import read_only_storage
    from rollbook.artifact.retrieval import registry_storage

    (config,) = base.read_many([_CONFIG])
    if config is None:
        raise NotFound(f"{_CONFIG} does not exist in the base", hint="Set DVC up on the main branch.")
    root = repository.work_tree
    if root is None or _is_configured_so(repository, config):
        with registry_storage(Registry(repository, base)) as storage:
            yield storage
        return
    with read_only_storage(config.decode(errors="replace"), base=root) as storage:
        yield storage


def _is_configured_so(repository: Repository, config: bytes) -> bool:
    assert repository.work_tree is not None
    try:
        same = read_beneath(repository.work_tree, _CONFIG) == config
    except (BadCall, Refused):  # a link, or not to be read: it is not the base's
        return False
    # A file of local settings that git tracks came with somebody's change.
    return same and not is_tracked(repository, _LOCAL)
