"""Commits as their objects tell: the tree, the parents, who, when and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.errors import GitFailed
from rollbook.git.objects import read_at_once
from rollbook.git.process import line_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rollbook.git.repository import Repository

_SIGNATURE = b"gpgsig "


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit: its id, its tree and parents, its author's address, its message.

    `signature` is its armoured signature, empty where it has none, and `payload` what that signs: the object
    without its `gpgsig` header (https://git-scm.com/docs/gitformat-signature).
    """

    oid: str
    tree: str
    parents: tuple[str, ...]
    author_email: str
    message: str
    signature: str
    payload: bytes

    @property
    def subject(self) -> str:
        """The message's first paragraph, on one line."""
        return " ".join(self.message.strip("\n").partition("\n\n")[0].split("\n"))


def read_commits(repository: Repository, oids: Sequence[str]) -> Iterator[Commit]:
    """Yield the commits of these ids, in order. Raises GitFailed when one is missing or broken."""
    for oid, data in zip(oids, read_at_once(repository, oids), strict=True):
        yield parse_commit(oid, data)


def read_commit(repository: Repository, oid: str) -> Commit:
    """Return the commit of this id. Raises GitFailed when it is missing or broken."""
    return next(read_commits(repository, [oid]))


def tree_of(repository: Repository, revision: str) -> str | None:
    """Return the id of the tree of a commit or a tree; None when it isn't there."""
    return line_of(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{tree}}")


def parse_commit(oid: str, data: bytes) -> Commit:
    """Read a commit object, as `git cat-file commit` prints it. Raises GitFailed for a broken one."""
    head, _, message = data.partition(b"\n\n")
    lines = head.split(b"\n")
    tree = _values(lines, b"tree ")
    parents = _values(lines, b"parent ")
    authors = _values(lines, b"author ")
    if len(tree) != 1 or not authors:
        raise GitFailed(f"the commit {oid} is broken", hint="Run `git fsck`.")
    signature, payload = split_signature(data)
    return Commit(
        oid=oid,
        tree=tree[0].decode(errors="replace"),
        parents=tuple(parent.decode(errors="replace") for parent in parents),
        author_email=_email(authors[0]),
        message=_readable(message, next(iter(_values(lines, b"encoding ")), b"utf-8")),
        signature=signature,
        payload=payload,
    )


def split_signature(data: bytes) -> tuple[str, bytes]:
    """Return a commit object's signature (empty when it has none) and the bytes that it signs."""
    head, blank, message = data.partition(b"\n\n")
    kept: list[bytes] = []
    signature: list[bytes] = []
    inside = False
    for line in head.split(b"\n"):
        inside = line.startswith(_SIGNATURE) or (inside and line.startswith(b" "))
        (signature if inside else kept).append(line)
    text = b"\n".join(line.removeprefix(_SIGNATURE).removeprefix(b" ") for line in signature)
    return text.decode(errors="replace"), b"\n".join(kept) + blank + message


def _values(lines: Sequence[bytes], name: bytes) -> list[bytes]:
    """The values of a header. Lines that go on another one begin with a space."""
    return [line.removeprefix(name) for line in lines if line.startswith(name)]


def _email(author: bytes) -> str:
    """The address in `Name <address> 1700000000 +0100`, from the first `<` to the `>` after it, as git reads
    it; surrogates stand for what is no UTF-8."""
    return author.partition(b"<")[2].partition(b">")[0].decode(errors="surrogateescape")


def _readable(message: bytes, encoding: bytes) -> str:
    try:
        return message.decode(encoding.decode("ascii"), errors="replace")
    except (LookupError, UnicodeError):
        return message.decode(errors="replace")
