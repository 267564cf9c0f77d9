"""Writing git objects: blobs, trees, commits and tags. Nothing here moves a branch or touches a checkout."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from rollbook.errors import BadCall, GitFailed
from rollbook.git.objects import ObjectReader, TreeEntry, tree_entries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.git.repository import Repository

_DIRECTORY = "40000"
_FILE = "100644"
_MAX_TREE = 1 << 28


@dataclass(frozen=True, slots=True)
class Identity:
    """Who commits or tags, as git's configuration says."""

    name: str
    email: str


def identity(repository: Repository) -> Identity:
    """The user's name and email. Raises BadCall when git has none."""
    said = repository.try_text("var", "GIT_COMMITTER_IDENT")
    name, bracket, rest = (said or "").partition(" <")
    email = rest.partition(">")[0]
    if not bracket or not email:
        raise BadCall(
            "git does not know who you are",
            hint="Run `git config --global user.name NAME` and `git config --global user.email ADDRESS`.",
        )
    return Identity(name, email)


class ObjectWriter:
    """Stores objects in a repository's object database, in this process, by GitPython."""

    def __init__(self, repository: Repository) -> None:
        from gitdb import LooseObjectDB

        from git import Repo

        self._repository = repository
        # GitPython's default database starts a git process for each object.
        self._database = Repo(repository.git_dir, odbt=LooseObjectDB).odb

    def store(self, kind: str, data: bytes) -> str:
        """Write an object (`blob`, `tree`, `tag`) and return its id."""
        from gitdb import IStream

        try:
            stored = self._database.store(IStream(kind.encode(), len(data), BytesIO(data)))
        except OSError as error:
            raise GitFailed(f"can't write to {self._repository.common_dir}: {error.strerror}") from error
        return str(stored.hexsha.decode())

    def tree(self, base: str, files: Mapping[str, bytes | None]) -> str:
        """The tree that `base` (a commit or tree) becomes with `files` written, or removed where None.

        Only the directories on the way to the files are read and written.
        """
        reader = ObjectReader(self._repository.directory)
        try:
            root = reader.read(f"{base}^{{tree}}", _MAX_TREE)
            if root is None:
                raise GitFailed(f"{base} has no tree")
            blobs = {path: None if data is None else self.store("blob", data) for path, data in files.items()}
            return self._rewrite(reader, root.oid, blobs) or self.store("tree", b"")
        finally:
            reader.close()

    def _rewrite(self, reader: ObjectReader, oid: str | None, blobs: Mapping[str, str | None]) -> str | None:
        entries = _entries_of(reader, oid) if oid else {}
        below: dict[str, dict[str, str | None]] = {}
        for path, blob in blobs.items():
            name, slash, rest = path.partition("/")
            if slash:
                below.setdefault(name, {})[rest] = blob
            elif blob is None:
                entries.pop(name, None)
            else:
                entries[name] = TreeEntry(_FILE, name, blob)
        for name, inside in below.items():
            old = entries.pop(name, None)
            new = self._rewrite(reader, old.oid if old and old.mode == _DIRECTORY else None, inside)
            if new is not None:
                entries[name] = TreeEntry(_DIRECTORY, name, new)
        return self.store("tree", _raw_tree(list(entries.values()))) if entries else None


def _entries_of(reader: ObjectReader, oid: str) -> dict[str, TreeEntry]:
    tree = reader.read(oid, _MAX_TREE)
    if tree is None or tree.data is None:
        raise GitFailed(f"the tree {oid} can't be read", hint="Run `git fsck`.")
    return {entry.name: entry for entry in tree_entries(tree.data)}


def _raw_tree(entries: list[TreeEntry]) -> bytes:
    # Git sorts a directory as if its name ended in a slash.
    def order(entry: TreeEntry) -> bytes:
        name = entry.name.encode(errors="surrogateescape")
        return name + b"/" if entry.mode == _DIRECTORY else name

    return b"".join(
        entry.mode.encode()
        + b" "
        + entry.name.encode(errors="surrogateescape")
        + b"\0"
        + bytes.fromhex(entry.oid)
        for entry in sorted(entries, key=order)
    )


def commit(repository: Repository, tree: str, parents: list[str], message: str) -> str:
    """Make a commit object, signed when `commit.gpgsign` asks for it, and return its id."""
    identity(repository)
    signed = ["-S"] if repository.config("commit.gpgsign", kind="bool") == "true" else []
    chain = [word for parent in parents for word in ("-p", parent)]
    made = repository.git("commit-tree", *signed, *chain, "-F", "-", tree, stdin=message.encode())
    return made.decode().strip()
