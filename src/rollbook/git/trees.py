"""A tree made from another: only the directories on the way to what changes are read and written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.errors import GitFailed
from rollbook.git.objects import TreeEntry, tree_entries

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rollbook.git.objects import ObjectReader

DIRECTORY = "40000"
MAX_TREE = 1 << 28


def changed_tree(
    reader: ObjectReader,
    tree: str | None,
    changes: Mapping[str, tuple[str, str] | None],
    store: Callable[[Sequence[TreeEntry]], str],
) -> str | None:
    """The id of what a tree (None: an empty one) becomes by `changes`; None when nothing is left in it.

    A change is a path with git's mode and the id of what is to stand there, or None for nothing. `store`
    writes a tree object of entries in any order, and gives its id.
    """
    entries = _entries_of(reader, tree) if tree else {}
    below: dict[str, dict[str, tuple[str, str] | None]] = {}
    files: list[TreeEntry] = []
    for path, new in changes.items():
        name, slash, rest = path.partition("/")
        if slash:
            below.setdefault(name, {})[rest] = new
        elif new is None:
            # Before anything is put in: where a file goes, a directory of its name may come.
            entries.pop(name, None)
        else:
            files.append(TreeEntry(new[0], name, new[1]))
    for name, inside in below.items():
        old = entries.pop(name, None)
        made = changed_tree(reader, old.oid if old and old.mode == DIRECTORY else None, inside, store)
        if made is not None:
            entries[name] = TreeEntry(DIRECTORY, name, made)
    entries.update((entry.name, entry) for entry in files)
    return store([*entries.values()]) if entries else None


def raw_tree(entries: Sequence[TreeEntry]) -> bytes:
    """A tree object's content."""

    # Git sorts a directory as if its name ended in a slash.
    def order(entry: TreeEntry) -> bytes:
        name = entry.name.encode(errors="surrogateescape")
        return name + b"/" if entry.mode == DIRECTORY else name

    return b"".join(
        entry.mode.encode()
        + b" "
        + entry.name.encode(errors="surrogateescape")
        + b"\0"
        + bytes.fromhex(entry.oid)
        for entry in sorted(entries, key=order)
    )


def _entries_of(reader: ObjectReader, oid: str) -> dict[str, TreeEntry]:
    tree = reader.read(oid, MAX_TREE)
    if tree is None or tree.data is None:
        raise GitFailed(f"the tree {oid} can't be read", hint="Run `git fsck`.")
    return {entry.name: entry for entry in tree_entries(tree.data)}
