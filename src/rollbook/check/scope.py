"""Which part of a registry a change concerns: all that has to be read to judge it, however large the rest is.

A change concerns the paths that it touches, the models that these belong to, what shares a name with one
of them but for its case, and the namespace around them. What is judged of it is the same as if the whole
registry had been read.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.check.registry_files import Part, model_names, owner, whole
from rollbook.registry.model_folders import models_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from rollbook.registry.change import FileChange
    from rollbook.snapshot.tree_snapshot import TreeSnapshot

# Beyond so many places one listing of everything is cheaper than asking for each.
_MOST_PLACES = 200
_ROOT = f"{layout.ROOT}/"


class Paths:
    """The registry's paths in one snapshot: those in `modes` are known, others are looked up."""

    def __init__(self, snapshot: TreeSnapshot, modes: Mapping[str, str]) -> None:
        self._snapshot = snapshot
        self._modes = modes

    def __contains__(self, path: object) -> bool:
        if not isinstance(path, str) or path in self._modes:
            return isinstance(path, str)
        directory, _, name = path.rpartition("/")
        (names,) = self._snapshot.children([directory])
        return path.startswith(_ROOT) and names.get(name) is False


def concerned(head: TreeSnapshot, changes: Sequence[FileChange], more: Collection[str] = ()) -> Part:
    """Return the part of `head` that changes lead to concern, with the models in `more`; everything when they
    touch the policy.
    """
    paths = [change.path for change in changes if change.path.startswith(_ROOT)]
    if layout.POLICY in paths:
        return whole(head)
    names = _models_around(head, paths)
    owners = {path: owner(path, names) for path in paths}
    models = frozenset(name for name in owners.values() if name).union(more)
    places = {layout.POLICY, *map(layout.model_directory, models)}
    # A stray file may stand anywhere: what lies around it is looked at as a whole.
    places |= {_top(path) for path, model in owners.items() if model is None}
    places |= _twins(head, paths, models)
    versions = frozenset((place.model or "", place.version or "") for place in map(layout.place, paths))
    if len(places) > _MOST_PLACES:
        everything = whole(head)
        return Part(everything.modes, everything.names, models, versions)
    present = {change.path: change.new_mode for change in changes if not change.removed}
    touched_modes = {path: present[path] for path in paths if path in present}
    modes = dict(sorted({**touched_modes, **head.modes_at(sorted(places))}.items()))
    around = frozenset(name.partition("/")[0] for name in models)
    return Part(modes, model_names(modes) | (around & models_of(head, around)), models, versions)


def undone(modes: Mapping[str, str], changes: Iterable[FileChange]) -> dict[str, str]:
    """Return the paths and modes from which `changes` led to `modes`."""
    before = dict(modes)
    for change in changes:
        if not change.path.startswith(_ROOT):
            continue
        if change.added:
            before.pop(change.path, None)
        else:
            before[change.path] = change.old_mode
    return before


def _models_around(head: TreeSnapshot, paths: Iterable[str]) -> frozenset[str]:
    """Return the models, before or after the change, in whose directories one of these paths may stand."""
    possible: set[str] = set()
    for path in paths:
        parts = path.split("/", 3)
        possible.update("/".join(parts[1:end]) for end in (2, 3) if end < len(parts))
    changed = model_names(paths)
    return changed | models_of(head, possible - changed)


def _twins(head: TreeSnapshot, paths: Iterable[str], models: Iterable[str]) -> set[str]:
    """Return what stands beside a touched path or model under the same name but for its case."""
    names: dict[str, set[str]] = defaultdict(set)
    for path in paths:
        names[layout.ROOT].add(path.split("/", 2)[1])
    for model in models:
        namespace, slash, name = model.partition("/")
        if slash:
            names[layout.model_directory(namespace)].add(name)
    twin_paths = set()
    for directory, beside in zip(names, head.children(list(names)), strict=True):
        alike = {layout.folded(name) for name in names[directory]}
        twins = {name for name in beside if layout.folded(name) in alike} - names[directory]
        twin_paths |= {f"{directory}/{name}" for name in twins}
    return twin_paths


def _top(path: str) -> str:
    return "/".join(path.split("/", 2)[:2])
