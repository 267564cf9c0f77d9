"""Where git finds what stands at the paths of a tree, for very many of them.

Asked for `TREE:folder/name`, git looks through the folder from its beginning, for each name anew: in a folder
of very many that takes the square of their number. Here each folder is read once.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from rollbook.git.objects import tree_entries
from rollbook.git.refs import NO_OBJECT
from rollbook.snapshot.snapshot import MAX_TREE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.git.objects import ObjectReader

_FEW = 64
_MOST_KEPT = 500_000  # entries of folders


class TreePaths:
    """The names by which an object reader finds what stands at paths of a tree. Threads may share it."""

    def __init__(self, objects: ObjectReader, tree: str) -> None:
        self._objects = objects
        self.tree = tree
        self._folders: dict[str, dict[str, str]] = {}
        self._kept = 0
        self._turn = threading.Lock()

    def names(self, paths: Sequence[str]) -> list[str]:
        """Return for each path what to ask the reader for; where nothing stands, what does not exist."""
        if len(paths) <= _FEW:
            return [f"{self.tree}:{path}" for path in paths]
        with self._turn:
            if self._kept > _MOST_KEPT:
                self._folders.clear()
                self._kept = 0
            self._read_folders({path.rpartition("/")[0] for path in paths if path})
            return [self._name(path) for path in paths]

    def _name(self, path: str) -> str:
        if not path:
            return f"{self.tree}:"
        folder, _, name = path.rpartition("/")
        return self._folders[folder].get(name, NO_OBJECT)

    def _read_folders(self, wanted: set[str]) -> None:
        """Read these folders, and those above them, that are not known yet; level by level from the top."""
        levels: dict[int, set[str]] = {}
        for folder in wanted:
            place = folder
            while place not in self._folders and place not in levels.setdefault(_depth(place), set()):
                levels[_depth(place)].add(place)
                place = place.rpartition("/")[0]
        for depth in sorted(levels):
            folders = sorted(levels[depth])
            trees = self._objects.read_many(map(self._name, folders), MAX_TREE)
            for folder, tree in zip(folders, trees, strict=True):
                entries = self._folders[folder] = {}
                if tree is not None and tree.type == "tree" and tree.data is not None:
                    for entry in tree_entries(tree.data):
                        entries.setdefault(entry.name, entry.oid)
                self._kept += len(entries)


def _depth(folder: str) -> int:
    return folder.count("/") + 1 if folder else 0
