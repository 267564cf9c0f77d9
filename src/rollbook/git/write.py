"""Writing git objects: blobs, trees, commits and tags. Nothing here moves a branch or touches a checkout."""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from rollbook.errors import BadCall, GitFailed
from rollbook.git.config import AUTHOR, COMMITTER, flag, settings
from rollbook.git.objects import ObjectReader
from rollbook.git.operation import asked_once
from rollbook.git.process import git, line_of
from rollbook.git.trees import changed_tree, raw_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.git.objects import TreeEntry
    from rollbook.git.repository import Repository

_FILE = "100644"
# What git takes off the ends of a name and an address (`strbuf_addstr_without_crud` in its ident.c).
_CRUD = "".join(map(chr, range(33))) + ".,:;<>\"\\'"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who commits or tags, as git's configuration says."""

    name: str
    email: str


_acting: ContextVar[Identity | None] = ContextVar("acting", default=None)


@contextmanager
def acting_for(person: Identity) -> Iterator[None]:
    """Take what is done inside for what somebody else asked for: they are the author of the commits, and on
    record as who asked; git's own user commits. Such commits are never signed: nobody signs for others.

    Raises BadCall for a name or an address that a commit can't hold as it is.
    """
    for part in (person.name, person.email):
        if not part or part != part.strip(_CRUD) or any(char in "<>" or char < " " for char in part):
            raise BadCall(
                f"no commit can be by {part[:80]!r}", hint="A name and an email address are needed."
            )
    token = _acting.set(person)
    try:
        yield
    finally:
        _acting.reset(token)


def acting() -> Identity | None:
    """Return for whom things are done at present; None: for git's own user."""
    return _acting.get()


def identity(repository: Repository) -> Identity:
    """Return the name and email of the user, or of whom it is done for. Raises BadCall when git has none."""
    return _acting.get() or committer_identity(repository)


def committer_identity(repository: Repository) -> Identity:
    """Return who git says commits and tags, whomever it is done for. Raises BadCall when it does not say."""
    return _identity(repository, COMMITTER)


def author_identity(repository: Repository) -> Identity:
    """Return the name and email of the author that git gives the user's commits, or of whom it is done for.
    Raises BadCall when there is none."""
    return _acting.get() or _identity(repository, AUTHOR)


def _identity(repository: Repository, variable: str) -> Identity:
    ident = asked_once(("identity", repository, variable), lambda: line_of(repository, "var", variable))
    name, bracket, rest = (ident or "").partition(" <")
    email = rest.partition(">")[0]
    if not bracket or not email:
        raise BadCall(
            "git does not know who you are",
            hint="Run `git config --global user.name NAME` and `git config --global user.email ADDRESS`.",
        )
    return Identity(name, email)


class ObjectWriter:
    """Stores objects in a repository's object database, in this process, by gitdb, which is GitPython's.

    GitPython itself would read configuration that git reads otherwise, and run a git of its own choice.
    """

    def __init__(self, repository: Repository) -> None:
        from gitdb import LooseObjectDB

        self._repository = repository
        self._objects = repository.common_dir / "objects"
        self._database = LooseObjectDB(str(self._objects))

    def store(self, kind: str, data: bytes) -> str:
        """Write an object (`blob`, `tree`, `tag`) and return its id."""
        from gitdb import IStream

        oid = object_id(kind, data)
        folder = self._objects / oid[:2]
        if (folder / oid[2:]).exists():
            return oid  # maybe another user's, whose file can't be touched
        try:
            if not folder.exists():  # where a group shares the others, it shares this
                folder.mkdir(exist_ok=True)
                folder.chmod(stat.S_IMODE(self._objects.stat().st_mode))
            self._database.store(IStream(kind.encode(), len(data), BytesIO(data)))
        except OSError as error:
            why = error.strerror or str(error)
            raise GitFailed(
                f"can't write to {self._repository.common_dir}: {why}",
                hint="Check who may write there; git config core.sharedRepository lets a group.",
            ) from error
        return oid

    def tree(self, base: str, files: Mapping[str, bytes | None]) -> str:
        """Return the tree that `base` (a commit or tree) becomes with `files` written, or removed where None.

        Only the directories on the way to the files are read and written.
        """
        reader = ObjectReader(self._repository)
        try:
            root = reader.read(f"{base}^{{tree}}", 0)
            if root is None:
                raise GitFailed(f"{base} has no tree")
            changes = {
                path: None if data is None else (_FILE, self.store("blob", data))
                for path, data in files.items()
            }
            return changed_tree(reader, root.oid, changes, self._store_tree) or self._store_tree([])
        finally:
            reader.close()

    def _store_tree(self, entries: Sequence[TreeEntry]) -> str:
        return self.store("tree", raw_tree(entries))


def object_id(kind: str, data: bytes) -> str:
    """Return the id that git gives the object of this content (https://git-scm.com/docs/git-hash-object)."""
    head = f"{kind} {len(data)}\0".encode()
    return hashlib.sha1(head + data, usedforsecurity=False).hexdigest()


def commit(
    repository: Repository, tree: str, parents: Sequence[str], message: str, *, sign: bool = False
) -> str:
    """Make a commit object, signed when `sign` or `commit.gpgsign` asks for it, and return its id.

    Raises BadCall when git does not know who commits; where it knows no author, that is who. What is done for
    somebody else names them as its author, and is not signed.
    """
    committer = committer_identity(repository)
    person = acting()
    author = {"author.name": committer.name, "author.email": committer.email}
    stated = settings(repository, r"^author\.(name|email)$")
    variables = {key.upper().replace(".", "_"): value for key, value in author.items() if key not in stated}
    unknown = {f"GIT_{name}": value for name, value in variables.items() if not os.environ.get(f"GIT_{name}")}
    if person:
        unknown = {"GIT_AUTHOR_NAME": person.name, "GIT_AUTHOR_EMAIL": person.email}
    asks = sign or (not person and flag(repository, "commit.gpgsign"))
    signed = ["-S"] if asks else []
    chain = [word for parent in parents for word in ("-p", parent)]
    arguments = ("commit-tree", *signed, *chain, "-F", "-", tree)
    made = git(repository, *arguments, stdin=message.encode(errors="replace"), variables=unknown)
    return made.decode().removesuffix("\n")
