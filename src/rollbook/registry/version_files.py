"""Which files stand beside the manifests of versions in a snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.layout import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rollbook.snapshot.snapshot import Snapshot

MANY = 500


def evidence_paths(snapshot: Snapshot, model: str, version: str) -> list[str]:
    """Where the evidence on a version stands, sorted by path."""
    directory = layout.evidence_directory(model, version)
    (names,) = snapshot.children([directory])
    paths = [f"{directory}/{name}" for name, is_directory in names.items() if not is_directory]
    return sorted(path for path in paths if layout.place(path).kind is Kind.EVIDENCE)


def removed_among(snapshot: Snapshot, versions: Iterable[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """Those of `versions` (model, version) whose artifact is removed."""
    pairs = list(dict.fromkeys(versions))
    # One look at every path is quicker than thousands of looks at one.
    paths = snapshot.paths_of("removed.yaml", layout.ROOT) if len(pairs) > MANY else None
    if paths is not None:
        places = map(layout.place, paths)
        there = {(place.model, place.version) for place in places if place.kind is Kind.REMOVAL}
        return frozenset(pair for pair in pairs if pair in there)
    contents = snapshot.read_many([layout.removal_path(model, version) for model, version in pairs])
    return frozenset(pair for pair, data in zip(pairs, contents, strict=True) if data is not None)
