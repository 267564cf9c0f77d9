"""What a registry's artifacts and attachments take: by model, stage and format, what they share, what may
go, what it costs."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rollbook.artifact.retrieval import registry_storage
from rollbook.errors import RollbookError, StorageFailed
from rollbook.retention.cold import ColdCandidate, UseUnknown, cold_candidates
from rollbook.retention.stored_objects import Stored, stored
from rollbook.retention.subjects import indexed_stays, judged, require_history, served_by_evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import timedelta

    from rollbook.artifact.pointer import Pointer
    from rollbook.artifact.read_only_storage import ReadOnlyStorage
    from rollbook.registry.registry import Registry
    from rollbook.registry.served import Usage
    from rollbook.retention.stored_objects import Key

_GB = 1 << 30
# What is attached to evidence has no format that anybody looked at.
ATTACHMENT = "attachment"


@dataclass(frozen=True, slots=True)
class Share:
    """What some versions take. `size` counts each object once, `own` only what no other version needs; both
    in bytes."""

    name: str
    versions: int
    size: int
    own: int


@dataclass(frozen=True, slots=True)
class StorageReport:
    """What all artifacts of a registry take, and what is attached to evidence, in bytes.

    `stored` counts each object once, `total` each artifact and attachment by itself; the difference is what
    sharing saves. `versions` counts those that have their artifact. In `formats` what is attached is called
    `attachment`. `may_go` is what the rules of retention let go now. The costs are for a month, None without
    a price in the policy. `unlisted` are the folders whose files nobody could tell: each counts as one
    object. `cold` are the versions that nothing used for the span that was asked for, the largest first;
    `use_unknown` those of which nobody can tell, which count as used.
    """

    versions: int
    removed: int
    total: int
    stored: int
    models: tuple[Share, ...]
    stages: tuple[Share, ...]
    formats: tuple[Share, ...]
    may_go: Share
    currency: str
    cost: float | None
    cost_may_go: float | None
    unlisted: tuple[str, ...]
    cold: tuple[ColdCandidate, ...] = ()
    use_unknown: tuple[UseUnknown, ...] = ()

    @property
    def saved(self) -> int:
        """How many bytes are stored once that several versions need."""
        return self.total - self.stored

    def as_document(self) -> dict[str, Any]:
        """Return the report as JSON data."""
        return {**asdict(self), "saved": self.saved}


@dataclass(frozen=True, slots=True)
class _Held:
    """What a version keeps in storage, its artifact or an attachment of its evidence: where it belongs, its
    size, and the sizes of its objects."""

    key: Key
    stage: str
    format: str
    size: int
    objects: Mapping[str, int]


def storage_report(
    registry: Registry,
    *,
    cold: timedelta | None = None,
    now: datetime | None = None,
    usage: Usage | None = None,
) -> StorageReport:
    """Account for the storage of the registry in a snapshot; `now` is when its rules are applied, and `cold`
    for how long nothing happened to what may be put away. `usage` is what sources told of versions.

    Of a folder the files are counted, where its listing can be read from the cache or the remote. Raises
    InvalidFile for a pointer or a manifest that can't be read, Refused in a shallow clone.
    """
    require_history(registry.repository)
    kept = stored(registry)
    holdings, unlisted = _held(registry, kept)
    artifacts = [each for each in holdings if each.format != ATTACHMENT]
    users = Counter(oid for each in holdings for oid in each.objects)
    now = now or datetime.now(UTC)
    going = _going(registry, now, usage)
    found = (
        None if cold is None else cold_candidates(registry, kept, _own(artifacts, users), cold, usage, now)
    )
    may_go = _share("may go", [each for each in artifacts if each.key in going], users)
    size = sum({oid: size for each in holdings for oid, size in each.objects.items()}.values())
    retention = registry.policy.retention
    return StorageReport(
        versions=len(artifacts),
        removed=len(kept.stages) - len(artifacts),
        total=sum(each.size for each in holdings),
        stored=size,
        models=_shares(holdings, users, lambda each: each.key[0]),
        stages=_shares(
            holdings, users, lambda each: each.stage, [each.name for each in registry.policy.stages]
        ),
        formats=_shares(holdings, users, lambda each: each.format),
        may_go=may_go,
        currency=retention.currency,
        cost=_cost(size, retention.price_per_gb_month),
        cost_may_go=_cost(may_go.own, retention.price_per_gb_month),
        unlisted=unlisted,
        cold=found.candidates if found else (),
        use_unknown=found.unknown if found else (),
    )


def _own(artifacts: Sequence[_Held], users: Counter[str]) -> dict[Key, int]:
    """Return how many bytes of each artifact nothing else needs."""
    return {
        each.key: sum(size for oid, size in each.objects.items() if users[oid] == 1) for each in artifacts
    }


def _going(registry: Registry, now: datetime, usage: Usage | None) -> set[Key]:
    """Return the versions whose artifacts the rules of retention let go."""
    if not registry.policy.retention.keep_unpromoted:
        return set()
    stays, on_record = indexed_stays(registry), served_by_evidence(registry, now)
    return {
        (model.model.name, fate.version)
        for model in judged(registry, registry.models(), now, stays, on_record, usage)
        for fate in model.fates
        if fate.goes
    }


def _held(registry: Registry, kept: Stored) -> tuple[list[_Held], tuple[str, ...]]:
    """Return the artifacts and the attachments of the versions, and the folders that can't be taken apart."""
    pointers = [*kept.artifacts.values(), *(pointer for _, pointer in kept.attachments)]
    objects, unlisted = _objects(registry, pointers)
    holdings = [
        _Held(key, stage, kept.formats[key], kept.artifacts[key].size, objects[kept.artifacts[key]])
        for key, stage in kept.stages.items()
        if key in kept.artifacts
    ]
    holdings += [
        _Held(key, kept.stages[key], ATTACHMENT, pointer.size, objects[pointer])
        for key, pointer in kept.attachments
    ]
    return holdings, unlisted


def _cost(count: int, price: float | None) -> float | None:
    return None if price is None else count / _GB * price


def _shares(
    held: Sequence[_Held], users: Counter[str], name: Callable[[_Held], str], order: Sequence[str] = ()
) -> tuple[Share, ...]:
    groups: dict[str, list[_Held]] = {each: [] for each in order}
    for each in held:
        groups.setdefault(name(each), []).append(each)
    shares = [_share(each, members, users) for each, members in groups.items() if members]
    return tuple(shares if order else sorted(shares, key=lambda share: (-share.size, share.name)))


def _share(name: str, members: Sequence[_Held], users: Counter[str]) -> Share:
    inside = Counter(oid for holding in members for oid in holding.objects)
    sizes = {oid: size for holding in members for oid, size in holding.objects.items()}
    own = sum(size for oid, size in sizes.items() if inside[oid] == users[oid])
    return Share(name, len({holding.key for holding in members}), sum(sizes.values()), own)


def _objects(
    registry: Registry, found: Collection[Pointer]
) -> tuple[dict[Pointer, Mapping[str, int]], tuple[str, ...]]:
    """For each pointer the objects it leads to, with their sizes; and the folders that can't be taken
    apart."""
    objects: dict[Pointer, Mapping[str, int]] = {
        pointer: {pointer.md5: pointer.size} for pointer in dict.fromkeys(found)
    }
    folders = [pointer for pointer in objects if pointer.is_directory]
    if not folders:
        return objects, ()
    try:
        with registry_storage(registry) as storage:
            parts = {pointer: _parts(storage, pointer) for pointer in folders}
            sizes = storage.sizes(oid for part in parts.values() for oid in part)
    except RollbookError:
        # Without the remote a folder is what its pointer says: one thing of that size.
        return objects, tuple(sorted(pointer.md5 for pointer in folders))
    unlisted = set()
    for pointer, part in parts.items():
        part_sizes = {oid: size for oid in part if (size := sizes.get(oid)) is not None}
        if part and len(part_sizes) == len(part):
            objects[pointer] = part_sizes
        else:
            unlisted.add(pointer.md5)
    return objects, tuple(sorted(unlisted))


def _parts(storage: ReadOnlyStorage, folder: Pointer) -> frozenset[str]:
    """Return the distinct files of a folder; none where that can't be told."""
    try:
        return frozenset(entry.md5 for entry in storage.folder(folder))
    except StorageFailed:
        return frozenset()
