"""What came from a data set, a commit or a version, and where it stands now."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.errors import BadCall, NotFound
from rollbook.lineage.trace import read_versions, traced
from rollbook.reference import parse_reference
from rollbook.registry import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rollbook.lineage.trace import Traced
    from rollbook.registry import Registry

_COMMIT = re.compile(r"[0-9a-f]{4,64}")


@dataclass(frozen=True, slots=True)
class Descendant:
    """A version that came from what was asked for. `via` are the versions in between, the nearest to the
    source first; empty for one that came from it directly."""

    version: Traced
    via: tuple[str, ...]


def from_data(registry: Registry, data: str) -> list[Descendant]:
    """Every version that saw a data set, itself or through a parent.

    `data` is the data set's name, `NAME@VERSION`, its address or its SHA-256. Raises NotFound when no
    version names it.
    """
    versions = every_version(registry)
    names = [name for item in versions for one in item.origin.data for name in (one.name, str(one))]

    def saw(item: Traced) -> bool:
        return any(data in (one.name, str(one), one.uri, one.digest) for one in item.origin.data if data)

    return _descendants(versions, saw, f"no version names the data set {data[:200]!r}", data, names)


def from_commit(registry: Registry, commit: str) -> list[Descendant]:
    """Every version that was trained by the code of a commit (its id, or how it begins), or has a parent
    that was. Raises BadCall for what is no id, NotFound when no version names it."""
    begins = commit.lower()
    if not _COMMIT.fullmatch(begins):
        raise BadCall(f"{commit[:80]!r} is no commit id", hint="Give at least 4 of its hexadecimal digits.")
    versions = every_version(registry)

    def trained(item: Traced) -> bool:
        return item.origin.code is not None and item.origin.code.commit.startswith(begins)

    return _descendants(versions, trained, f"no version names the code commit {commit}", commit, [])


def from_version(registry: Registry, reference: str) -> list[Descendant]:
    """Every version that was derived from one, directly or through others; the version itself is not among
    them. It need not be in the registry if another names it. Raises NotFound when nothing knows it."""
    asked = parse_reference(reference)
    versions = every_version(registry)
    parents = {parent for item in versions for parent in item.origin.parents}
    if asked.version is None or str(asked) not in parents:
        asked = parse_reference(str(registry.version(asked)))
    parent = str(asked)
    children = [item for item in versions if parent in item.origin.parents and item.reference != parent]
    return [found for found in _closure(versions, children) if found.version.reference != parent]


def every_version(registry: Registry) -> list[Traced]:
    """Every version of every model, by model and then from old to new, all manifests read in one go."""
    _ = registry.policy  # says so when this is no registry at all
    places = [(model, version) for model in registry.models() for version in model.version_names]
    return [traced(item) for item in read_versions(registry, places) if item is not None]


def _descendants(
    versions: Sequence[Traced],
    is_source: Callable[[Traced], bool],
    unknown: str,
    asked: str,
    names: Iterable[str],
) -> list[Descendant]:
    direct = [item for item in versions if is_source(item)]
    if not direct:
        raise NotFound(unknown, hint=nearest(asked, list(dict.fromkeys(names))))
    return _closure(versions, direct)


def _closure(versions: Sequence[Traced], direct: Sequence[Traced]) -> list[Descendant]:
    """`direct` and all that came from them, by the shortest way, in the order of `versions`."""
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
    return [Descendant(item, ways[item.reference]) for item in versions if item.reference in ways]
