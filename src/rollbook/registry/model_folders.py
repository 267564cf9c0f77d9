"""Which folders of a snapshot are models, by the rule of `layout.is_model`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.names import is_model_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rollbook.snapshot.snapshot import Snapshot

    # The names in a folder, and whether each is a directory.
    Inside = Mapping[str, bool]


def model_names(snapshot: Snapshot) -> list[str]:
    """Return the names of the models in a snapshot, sorted."""
    (top,) = snapshot.children([layout.ROOT])
    outer = folders(snapshot, (name for name, is_directory in top.items() if is_directory))
    inner = folders(snapshot, inner_names(outer))
    return sorted(models_among(snapshot, {**outer, **inner}))


def models_of(snapshot: Snapshot, names: Iterable[str]) -> frozenset[str]:
    """Return those of `names` that are models in a snapshot."""
    return models_among(snapshot, folders(snapshot, names))


def folders(snapshot: Snapshot, names: Iterable[str]) -> dict[str, Inside]:
    """Return what stands in the folders of these names, without names that no model can have."""
    possible = [name for name in names if is_model_name(name)]
    listed = snapshot.children([layout.model_directory(name) for name in possible])
    return dict(zip(possible, listed, strict=True))


def inner_names(outer: Mapping[str, Inside]) -> list[str]:
    """Return the names of the models that these folders may hold as namespaces."""
    namespaces = (name for name in outer if "/" not in name)
    return [f"{name}/{below}" for name in namespaces for below in may_be_models(outer[name])]


def may_be_models(inside: Inside) -> list[str]:
    """Return the folders in a folder that have the names of models."""
    return [name for name, is_directory in inside.items() if is_directory and is_model_name(name)]


def models_among(snapshot: Snapshot, listed: Mapping[str, Inside]) -> frozenset[str]:
    """Return which of the folders listed are models. Where a folder holds no file that says so, its versions
    are looked at."""
    told = frozenset(name for name, inside in listed.items() if layout.is_model(inside, {}))
    others = [name for name, inside in listed.items() if name not in told and inside.get("versions")]
    versions = snapshot.children([layout.versions_directory(name) for name in others])
    return told.union(
        name for name, below in zip(others, versions, strict=True) if layout.is_model(listed[name], below)
    )
