"""Trees: the files in one; one made from another, for which only the directories on the way to what changes
are read and written."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from rollbook.errors import GitFailed
from rollbook.git.objects import ObjectReader, TreeEntry, tree_entries
from rollbook.git.process import fields, git, git_failed, git_list, text, try_git
from rollbook.git.quoting import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from rollbook.git.repository import Repository

DIRECTORY = "40000"
MAX_TREE = 1 << 28
_PLAIN_FILE = "100"
_NO_NAMES = {"", ".", ".."}
_LISTED = ("ls-tree", "-r", "-z", "--full-tree")


class TreeFile(NamedTuple):
    """A file of a tree: its path, its mode in six octal digits, and the id of its content."""

    path: str
    mode: str
    oid: str


def tree_files(repository: Repository, tree: str, paths: Sequence[str] = ()) -> Iterator[TreeFile]:
    """Yield every file of a tree or commit at or below `paths` (`a/` for a directory; none: all). Raises
    TooMuch."""
    for field in fields(git_list(repository, *_LISTED, tree, "--", *paths)):
        facts, _, path = field.partition("\t")
        mode, _, oid = facts.split(" ")
        yield TreeFile(path, mode, oid)


def paths_named(repository: Repository, tree: str, directory: str, name: str) -> list[str]:
    """Return the paths of all files of this name somewhere below a directory of a tree or commit."""
    # Looked for in the bytes: of very many paths only few are made a text.
    listed = b"\0" + git_list(repository, *_LISTED, "--name-only", tree, "--", f"{directory}/")
    end = b"/" + name.encode() + b"\0"
    paths, place = [], listed.find(end)
    while place >= 0:
        start = listed.rindex(b"\0", 0, place) + 1
        paths.append(text(listed[start : place + len(end) - 1]))
        place = listed.find(end, place + 1)
    return paths


def files_holding(repository: Repository, commit: str, words: str, pattern: str) -> list[str]:
    """Return the paths of the files, met by a pattern such as `registry/**/*.dvc`, that hold `words` in a
    commit. Raises GitFailed when it isn't there."""
    arguments = ("grep", "--name-only", "--full-name", "-z", "-F", "-e", words, commit, "--")
    variables = {"GIT_LITERAL_PATHSPECS": "0"}
    done = try_git(repository, *arguments, f":(top,glob){pattern}", variables=variables)
    if done.returncode > 1:  # 1: no file holds them
        raise git_failed(["grep"], done.stderr)
    return [path.removeprefix(f"{commit}:") for path in fields(done.stdout)]


def holds_file(repository: Repository, commit: str, path: str) -> bool:
    """Whether something stands at a path in a commit."""
    return try_git(repository, "cat-file", "-e", f"{commit}:{path}").returncode == 0


def unpack(repository: Repository, tree: str, directory: Path) -> None:
    """Write the plain files of a tree (`COMMIT:path` for a part of one), as they stand in it, to a directory
    that is there and empty. Nobody's attributes have a part in it.

    Raises GitFailed when there is no such tree, or a file has no place in a folder.
    """
    reader = ObjectReader(repository)
    try:
        for file in tree_files(repository, tree):
            parts = file.path.split("/")
            if not file.mode.startswith(_PLAIN_FILE):
                continue
            if _NO_NAMES & set(parts):
                raise GitFailed(f"the tree {tree} has a file outside of it", hint="Run `git fsck`.")
            blob = reader.read(file.oid, sys.maxsize)
            if blob is None or blob.data is None:
                raise GitFailed(f"the object {file.oid} is missing", hint="Run `git fsck`.")
            target = directory.joinpath(*parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(blob.data)
    finally:
        reader.close()


def stored_tree(repository: Repository, directory: Path) -> str:
    """Store all files of a directory outside the repository, as they are, and return the id of the tree that
    they make: without the repository's own index, its attributes, and whatever is ignored."""
    import tempfile

    paths = [path for path in directory.absolute().rglob("*") if path.is_file() and not path.is_symlink()]
    asked = "".join(f"{quoted(str(path))}\n" for path in paths)
    hashing = ("hash-object", "-w", "--no-filters", "--stdin-paths")
    ids = git(repository, *hashing, stdin=asked.encode(errors="surrogateescape")).decode().split("\n")[:-1]
    entries = "".join(
        f"{_PLAIN_FILE}644 {oid}\t{path.relative_to(directory.absolute()).as_posix()}\0"
        for oid, path in zip(ids, paths, strict=True)
    )
    with tempfile.TemporaryDirectory(prefix="rollbook-") as place:
        variables = {"GIT_INDEX_FILE": f"{place}/index"}
        listed = entries.encode(errors="surrogateescape")
        git(repository, "update-index", "-z", "--index-info", stdin=listed, variables=variables)
        return git(repository, "write-tree", variables=variables).decode().removesuffix("\n")


def changed_tree(
    reader: ObjectReader,
    tree: str | None,
    changes: Mapping[str, tuple[str, str] | None],
    store: Callable[[Sequence[TreeEntry]], str],
) -> str | None:
    """Return the id of what a tree (None: an empty one) becomes by `changes`; None when nothing is left in
    it.

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
    """Return a tree object's content."""

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
