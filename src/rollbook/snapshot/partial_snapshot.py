"""The files of a repository elsewhere, brought here as they are asked for, all of one question together.

Of a model, the whole folder comes together (its stages, its versions and their manifests), so that the number
of round trips does not depend on what is asked, nor the bytes on the versions of other models.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.errors import GitFailed
from rollbook.git.main_history import commit_at
from rollbook.git.objects import ObjectReader, TreeEntry, tree_entries
from rollbook.git.partial import ALONE, CONTENT, SMALL_FILES, WHOLE, down_to, trees_down_to
from rollbook.snapshot.snapshot import MAX_FILE, MAX_TREE, Snapshot, too_large

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from rollbook.git.partial import Filters, PartialClone

_DIRECTORY = "40000"
_SUBMODULE = "160000"
# More missing objects than these are asked for by their depth, not one by one.
_MANY = 256
# What a question about one model needs besides the model, if it turns out to.
_ALWAYS = (layout.POLICY, ".dvc/config")
_FEW = 8
_IN_A_MODEL = ("versions", *layout.MODEL_FILES)


class PartialSnapshot(Snapshot):
    """The tree of a commit, most of which is not here.

    Reading raises GitFailed when the repository can't be reached, NotFound when `revision` names no commit.
    """

    def __init__(self, clone: PartialClone, revision: str, moment: datetime | None = None) -> None:
        self.label = revision
        self._clone = clone
        self._moment = moment
        self._commit: str | None = None
        self._root = ""
        self._objects = ObjectReader(clone.repository)
        self._held: set[str] = set()
        self._trees: dict[str, dict[str, TreeEntry]] = {}

    @property
    def commit(self) -> str:
        """The id of the commit."""
        return self._opened([])

    def bring_history(self) -> None:
        self._clone.history(self.commit)

    def children(self, directories: Sequence[str]) -> list[dict[str, bool]]:
        self._bring(directories)
        trees = (self._tree(path) for path in directories)
        return [{name: entry.mode == _DIRECTORY for name, entry in tree.items()} for tree in trees]

    def read_many(self, paths: Sequence[str]) -> list[bytes | None]:
        self._bring(paths)
        entries = [self._entry(path) for path in paths]
        # A reader answers the empty name with nothing.
        oids = [entry.oid if entry is not None and _is_file(entry) else "" for entry in entries]
        contents: list[bytes | None] = []
        for path, blob in zip(paths, self._objects.read_many(oids, MAX_FILE), strict=True):
            if blob is not None and blob.data is None:
                raise too_large(path, blob.size)
            contents.append(None if blob is None else blob.data)
        return contents

    def mode(self, path: str) -> str | None:
        return self.modes_at([path]).get(path)

    def modes(self, directory: str) -> Mapping[str, str]:
        return self.modes_at([directory])

    def modes_at(self, paths: Sequence[str]) -> Mapping[str, str]:
        """Every file at or below each of `paths`, with its mode; all files for no paths at all.

        Who lists a folder reads it: the small files in it come along.
        """
        starts = [path.rstrip("/") for path in paths] or [""]
        self._bring(starts)
        return {
            path: entry.mode
            for start in starts
            for path, entry in self._below(start, SMALL_FILES)
            if entry.mode != _DIRECTORY
        }

    def bring_whole(self, directory: str) -> None:
        self._bring([directory])
        self._obtain([entry.oid for _, entry in self._below(directory, WHOLE) if _is_here(entry)], WHOLE)

    def close(self) -> None:
        self._objects.close()

    def _opened(self, paths: Sequence[str]) -> str:
        """Find the commit, with the folders that lead to `paths` when they can come along; return its id."""
        if self._commit is None:
            if self._moment is None:
                commit = self._clone.newest(self.label, _depth(paths))
            else:
                tip = self._clone.past(self.label)
                commit = commit_at(self._clone.repository, tip, self._moment, called=self.label)
            commit_object = self._objects.read(commit, MAX_TREE)
            if commit_object is None or commit_object.data is None:
                raise GitFailed(f"the commit {commit} can't be read")
            # `tree <id>` is a commit's first line: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
            self._root = commit_object.data[5:45].decode()
            self._commit = commit
        return self._commit

    def _bring(self, paths: Sequence[str]) -> None:
        """Bring every object on the way to `paths`, and what stands there."""
        commit = self._opened(paths)
        needed_paths = dict.fromkeys([*paths, *_companions(paths)])
        before: set[str] = set()
        while missing := self._missing(needed_paths):
            if missing.keys() <= before:
                raise _not_given(next(iter(missing.values())))
            before |= missing.keys()
            if len(missing) > _MANY:
                self._clone.bring_again(commit, down_to(1 + max(len(_split(path)) for path in paths)))
            else:
                self._clone.bring(missing, _filters(missing.values(), needed_paths))

    def _missing(self, paths: Iterable[str]) -> dict[str, str]:
        """Return the objects that stop the way to `paths`, each with the path that it stands at."""
        missing: dict[str, str] = {}
        reached = dict.fromkeys(paths, self._root)
        for depth in count():
            self._load(reached.values())
            further: dict[str, str] = {}
            for path, oid in reached.items():
                parts = _split(path)
                if oid not in self._held:
                    missing[oid] = "/".join(parts[:depth])
                elif depth < len(parts):
                    entry = self._trees.get(oid, {}).get(parts[depth])
                    if entry is not None and _is_here(entry):
                        further[path] = entry.oid
            if not further:
                break
            reached = further
        return missing

    def _below(self, start: str, filters: Filters) -> list[tuple[str, TreeEntry]]:
        """Everything below a directory, or the file itself, with its path."""
        entry = self._entry(start)
        if entry is None:
            return []
        if entry.mode != _DIRECTORY:
            return [(start, entry)]
        entries: list[tuple[str, TreeEntry]] = []
        level = [(start, entry)]
        while level:
            self._obtain([tree.oid for _, tree in level], filters)
            inside = [
                (f"{path}/{name}" if path else name, entry)
                for path, tree in level
                for name, entry in self._trees.get(tree.oid, {}).items()
            ]
            entries += inside
            level = [(path, entry) for path, entry in inside if entry.mode == _DIRECTORY]
        return entries

    def _obtain(self, oids: Sequence[str], filters: Filters) -> None:
        self._load(oids)
        missing = [oid for oid in dict.fromkeys(oids) if oid not in self._held]
        if missing:
            if len(missing) > _MANY and filters is SMALL_FILES:
                self._clone.bring_again(self.commit, SMALL_FILES)
            else:
                self._clone.bring(missing, filters)
            self._load(missing)
            if lost := [oid for oid in missing if oid not in self._held]:
                raise _not_given(lost[0])

    def _load(self, oids: Iterable[str]) -> None:
        """Take note of those objects that are here."""
        unknown = [oid for oid in dict.fromkeys(oids) if oid not in self._held]
        for oid, git_object in zip(unknown, self._objects.read_many(unknown, MAX_TREE), strict=True):
            if git_object is None:
                continue
            self._held.add(oid)
            if git_object.type == "tree" and git_object.data is not None:
                self._trees[oid] = {entry.name: entry for entry in tree_entries(git_object.data)}

    def _entry(self, path: str) -> TreeEntry | None:
        entry: TreeEntry | None = TreeEntry(_DIRECTORY, "", self._root)
        for name in _split(path):
            if entry is None or entry.mode != _DIRECTORY:
                return None
            entry = self._trees.get(entry.oid, {}).get(name)
        return entry

    def _tree(self, path: str) -> dict[str, TreeEntry]:
        entry = self._entry(path)
        return self._trees.get(entry.oid, {}) if entry is not None and entry.mode == _DIRECTORY else {}


def _split(path: str) -> list[str]:
    return path.split("/") if path else []


def _is_here(entry: TreeEntry) -> bool:
    """Whether what stands there is an object of this repository: a submodule's commit is one of another."""
    return entry.mode != _SUBMODULE


def _is_file(entry: TreeEntry) -> bool:
    return entry.mode not in (_DIRECTORY, _SUBMODULE)


def _model(path: str) -> str | None:
    """Return the model whose folder a path leads into, by the path alone."""
    root, *parts = _split(path) or [""]
    if root != layout.ROOT or len(parts) < 2:
        return None
    return parts[0] if parts[1] in _IN_A_MODEL else "/".join(parts[:2])


def _depth(paths: Sequence[str]) -> int:
    """How deep the trees go that lead to the models: one folder more for a model in a namespace."""
    return 3 if any("/" in (_model(path) or "") for path in paths) else 2


def _companions(paths: Sequence[str]) -> list[str]:
    """Return what is read together with `paths` sooner or later, so that it comes at once."""
    models = {model for path in paths if (model := _model(path))}
    if not models or len(models) > _FEW:
        return []
    whole = (layout.versions_directory, layout.stages_path, layout.model_path)
    return [*_ALWAYS, *(where(model) for model in models for where in whole)]


def _filters(missing: Iterable[str], wanted: Mapping[str, object]) -> Filters:
    """Return what is to come below the missing objects, which stand at the paths `missing`."""
    missing = list(missing)
    if "" in missing:
        return trees_down_to(_depth(list(wanted)))
    in_namespaces = (model for path in wanted if (model := _model(path)) and "/" in model)
    outer = {layout.ROOT, *(layout.model_directory(model.partition("/")[0]) for model in in_namespaces)}
    if not outer.isdisjoint(missing) or (len(missing) > _FEW and all(path in wanted for path in missing)):
        return ALONE
    return CONTENT


def _not_given(what: str) -> GitFailed:
    return GitFailed(f"the server does not give {what}", hint="Try again, or clone the repository.")
