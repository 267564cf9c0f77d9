"""Trees: the files in one; one made from another, for which only the directories on the way to what changes
are read and written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from rollbook.errors import GitFailed
from rollbook.git.objects import TreeEntry, tree_entries
from rollbook.git.process import fields, git, git_failed, git_list, text, try_git

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from rollbook.git.objects import ObjectReader
    from rollbook.git.repository import Repository

DIRECTORY = "40000"
MAX_TREE = 1 << 28
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
    """Write the files of a tree (`COMMIT:path` for a part of one) to a directory that is there and empty.

    Raises GitFailed when there is no such tree.
    """
    import io
    import tarfile

    plain = ("-c", "core.autocrlf=false", "-c", f"core.attributesFile={os.devnull}", "-c", "tar.umask=0022")
    packed = git(repository, *plain, "archive", "--format=tar", tree)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(directory, filter="data")


def stored_tree(repository: Repository, directory: Path) -> str:
    """Store all files of a directory outside the repository, and return the id of the tree that they make:
    without the repository's own index, and whatever is ignored."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="rollbook-") as place:
        variables = {
            "GIT_DIR": str(repository.git_dir),
            "GIT_WORK_TREE": str(directory.absolute()),
            "GIT_INDEX_FILE": f"{place}/index",
        }
        plain = ("-c", "core.autocrlf=false", "-c", "core.fileMode=false", "-c", "core.attributesFile=")
        git(directory, *plain, "add", "--all", "--force", ".", variables=variables)
        return git(directory, "write-tree", variables=variables).decode().removesuffix("\n")


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
