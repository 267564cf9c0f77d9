"""What came from a data set or a version, by reading every manifest: what the index has to answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.insight.lineage.descendants import Descendant
from rollbook.insight.lineage.trace import read_versions, traced

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook import Registry
    from rollbook.insight.lineage.trace import Traced
    from rollbook.records.data_sets import DataSet


def saw_data(registry: Registry, data: str) -> list[Descendant]:
    """Every version that saw a data set, itself or through a parent."""
    versions = _every_version(registry)
    direct = [item for item in versions if any(data in _names(one) for one in _data(item))]
    return _closure(versions, direct)


def came_from_version(registry: Registry, parent: str) -> list[Descendant]:
    """Every version that was derived from one, without it."""
    versions = _every_version(registry)
    children = [item for item in versions if parent in item.origin.parents and item.reference != parent]
    return [item for item in _closure(versions, children) if item.reference != parent]


def _data(item: Traced) -> tuple[DataSet, ...]:
    return (*item.origin.chain.trained_on, *item.origin.chain.sources)


def _names(one: DataSet) -> tuple[str, ...]:
    own = (one.name,) if one.name else (one.version,)
    return (*own, str(one), one.uri, one.digest)


def _every_version(registry: Registry) -> list[Traced]:
    places = [(model, version) for model in registry.models() for version in model.version_names]
    # One at a time, so that the first that can't be read is the one that is named.
    each = (item for place in places for item in read_versions(registry, [place]))
    return [traced(item) for item in each if item is not None]


def _closure(versions: Sequence[Traced], direct: Sequence[Traced]) -> list[Descendant]:
    children: dict[str, list[Traced]] = {}
    for item in versions:
        for reference in item.origin.parents:
            children.setdefault(reference, []).append(item)
    ways: dict[str, tuple[str, ...]] = {item.reference: () for item in direct}
    generation = list(direct)
    while generation:
        following = []
        for parent in generation:
            for child in children.get(parent.reference, ()):
                if child.reference not in ways:
                    ways[child.reference] = (*ways[parent.reference], parent.reference)
                    following.append(child)
        generation = following
    return [
        Descendant(item.reference, item.stage, item.aliases, ways[item.reference])
        for item in versions
        if item.reference in ways
    ]
