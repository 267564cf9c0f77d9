"""Which large artifacts a cheaper class of storage would do for: nothing uses their versions any more."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from rollbook.retention.stale import stale_versions, still_stale

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from rollbook.registry.registry import Registry
    from rollbook.registry.served import Usage
    from rollbook.retention.stored_objects import Key, Stored

_COMPRESSED_FORMATS = frozenset(["zip"])
_COMPRESSED_SUFFIXES = frozenset(
    [".7z", ".br", ".bz2", ".gz", ".lz4", ".lzma", ".tbz2", ".tgz", ".txz", ".xz", ".zip", ".zst", ".zstd"]
)


@dataclass(frozen=True, slots=True)
class ColdCandidate:
    """A version that nothing uses and that nothing happened to for `days`. `size` is its artifact's, `own`
    what no other version needs, both in bytes. `compressed` says whether, by its format and its name, the
    artifact is compressed already; `served` when the version last served, empty where nothing tells of it."""

    model: str
    version: str
    stage: str
    format: str
    size: int
    own: int
    days: int
    compressed: bool
    served: str = ""


@dataclass(frozen=True, slots=True)
class UseUnknown:
    """A version of which nobody can tell whether it serves, and why."""

    model: str
    version: str
    why: str


@dataclass(frozen=True, slots=True)
class Unused:
    """The artifacts that may be put away, the largest first; and what may serve for all anybody can tell."""

    candidates: tuple[ColdCandidate, ...]
    unknown: tuple[UseUnknown, ...]


def cold_candidates(
    registry: Registry,
    kept: Stored,
    own: Mapping[Key, int],
    span: timedelta,
    usage: Usage | None,
    now: datetime,
) -> Unused:
    """Return the versions whose artifacts are kept and that are stale since `span`, as `list --stale` has
    them; the largest first. Raises as `stale_versions`."""
    candidates = []
    found = still_stale(stale_versions(registry, span, now=now), usage or {}, span, now)
    for stale in found:
        key = (stale.model, stale.version)
        pointer = kept.artifacts.get(key)
        if pointer is None:
            continue
        form = kept.formats[key]
        candidates.append(
            ColdCandidate(
                stale.model, stale.version, stale.stage, form, pointer.size, own.get(key, 0), stale.days,
                is_compressed(pointer.path, form), stale.served,
            )
        )  # fmt: skip
    return Unused(
        tuple(sorted(candidates, key=lambda each: (-each.size, each.model, each.version))),
        tuple(UseUnknown(*key, why) for key, why in found.unknown.items() if key in kept.artifacts),
    )


def is_compressed(name: str, form: str) -> bool:
    """Whether an artifact's format or its name says that it is compressed."""
    return form in _COMPRESSED_FORMATS or PurePosixPath(name).suffix.lower() in _COMPRESSED_SUFFIXES
