"""The files of a git tree: of a commit, of the index, or of a merge that nobody has made yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.git.objects import ObjectReader, tree_entries, tree_names
from rollbook.git.repository import resolve_commit
from rollbook.git.staged import staged_tree
from rollbook.git.trees import paths_named, tree_files
from rollbook.snapshot.snapshot import MAX_FILE, MAX_TREE, FileIdentity, OnDisk, Snapshot, too_large
from rollbook.snapshot.tree_paths import TreePaths

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.git.objects import GitObject
    from rollbook.git.repository import Repository

_TREE = "40000"  # as a tree object writes a directory's mode


class TreeSnapshot(Snapshot):
    """A git tree: a commit's, the index's, or that of a merge that nobody has made yet."""

    commit: str | None = None

    def __init__(self, repository: Repository, treeish: str, label: str, commit: str | None = None) -> None:
        self.repository = repository
        self.treeish = treeish
        self.label = label
        self.commit = commit
        self._objects = ObjectReader(repository)
        self._paths: TreePaths | None = None

    def at(self, commit: str) -> TreeSnapshot:
        """Return the files of another commit, by its id, read by the process that reads this one's, which
        ends with either.
        """
        other = TreeSnapshot(self.repository, commit, commit, commit)
        other._objects = self._objects
        return other

    def commit_id(self) -> str | None:
        """Return the id of the commit that the snapshot's name stands for; None when it is no commit."""
        # The process that reads the files answers this too, which saves starting another.
        commit = self._objects.read(f"{self.treeish}^{{commit}}", 0)
        return commit.oid if commit is not None and commit.type == "commit" else None

    def tree_id(self, directory: str) -> str | None:
        tree = self._objects.read(f"{self.treeish}:{directory}", 0)
        return tree.oid if tree is not None and tree.type == "tree" else None

    def modes(self, directory: str) -> Mapping[str, str]:
        return self.modes_at([f"{directory}/"] if directory else [])

    def modes_at(self, paths: Sequence[str]) -> Mapping[str, str]:
        """Every file at or below each of `paths`, with its mode; all files for no paths at all."""
        return {file.path: file.mode for file in tree_files(self.repository, self.treeish, paths)}

    def identities(self, directory: str) -> Mapping[str, FileIdentity]:
        listed = tree_files(self.repository, self.treeish, [f"{directory}/"])
        return {file.path: FileIdentity(file.mode, file.oid) for file in listed}

    def paths_of(self, name: str, directory: str) -> list[str]:
        return paths_named(self.repository, self.treeish, directory, name)

    def children(self, directories: Sequence[str]) -> list[dict[str, bool]]:
        trees = self._read(directories, MAX_TREE)
        return [
            tree_names(tree.data)
            if tree is not None and tree.type == "tree" and tree.data is not None
            else {}
            for tree in trees
        ]

    def subtrees(self, directories: Sequence[str]) -> list[dict[str, str]]:
        trees = self._read(directories, MAX_TREE)
        return [
            {entry.name: entry.oid for entry in tree_entries(tree.data) if entry.mode == _TREE}
            if tree is not None and tree.type == "tree" and tree.data is not None
            else {}
            for tree in trees
        ]

    def read_many(self, paths: Sequence[str]) -> list[bytes | None]:
        blobs = self._read(paths, MAX_FILE)
        contents: list[bytes | None] = []
        for path, blob in zip(paths, blobs, strict=True):
            if blob is None or blob.type != "blob":
                contents.append(None)
            elif blob.data is None:
                raise too_large(path, blob.size)
            else:
                contents.append(blob.data)
        return contents

    def _read(self, paths: Sequence[str], limit: int) -> Iterator[GitObject | None]:
        if self._paths is None or self._paths.tree != self.treeish:
            self._paths = TreePaths(self._objects, self.treeish)
        return self._objects.read_many(self._paths.names(paths), limit)

    def identity(self, path: str) -> FileIdentity | None:
        directory, _, name = path.rpartition("/")
        tree = self._objects.read(f"{self.treeish}:{directory}", MAX_TREE)
        if tree is None or tree.type != "tree" or tree.data is None:
            return None
        file_entry = next((entry for entry in tree_entries(tree.data) if entry.name == name), None)
        return (
            None
            if file_entry is None or file_entry.mode == _TREE
            else FileIdentity(file_entry.mode, file_entry.oid)
        )

    def mode(self, path: str) -> str | None:
        identity = self.identity(path)
        return identity.mode if identity else None

    def on_disk(self) -> OnDisk:
        return OnDisk(str(self.repository.directory), self.treeish)

    def close(self) -> None:
        self._objects.close()


def commit_snapshot(repository: Repository, revision: str) -> TreeSnapshot:
    """Return the files at a revision. Raises NotFound when it names no commit."""
    snapshot = TreeSnapshot(repository, revision, revision)
    commit = snapshot.commit_id() or resolve_commit(repository, revision)
    snapshot.commit, snapshot.treeish = commit, commit
    return snapshot


def index_snapshot(repository: Repository) -> TreeSnapshot:
    """Return the staged files, as a hook of `git commit` is given them. Raises Refused while a merge's
    conflicts stand in the index.
    """
    return TreeSnapshot(repository, staged_tree(repository), "the index")
