"""Commits as their objects tell: the tree, the parents, who, when and why; read as git itself reads them, so
that a header where git doesn't look makes nobody a parent, an author or a signer."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from rollbook.errors import GitFailed
from rollbook.git.objects import read_at_once
from rollbook.git.process import line_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rollbook.git.repository import Repository

# git takes every header whose name begins so out of what is signed, and verifies this one alone.
_SIGNATURES = b"gpgsig"
_SIGNATURE = b"gpgsig "
_PARENT = b"parent "

# Encodings of domain names, which are read in the square of their length.
_SLOW = frozenset(["idna", "punycode"])


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit: its id, its tree and parents, the addresses of its author and its committer, its message.

    `signature` is its armoured signature, empty where it has none, and `payload` what that signs: the object
    without its `gpgsig` header (https://git-scm.com/docs/gitformat-signature). `signature_headers` counts the
    headers of any kind of signature: with more than one, no signature covers the whole commit.
    """

    oid: str
    tree: str
    parents: tuple[str, ...]
    author_email: str
    committer_email: str
    message: str
    signature: str
    payload: bytes
    signature_headers: int

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
    tree, *lines = head.split(b"\n")
    parents = list(takewhile(lambda line: line.startswith(_PARENT), lines))
    authors, committers = _values(lines, b"author "), _values(lines, b"committer ")
    # Of two authors, some of git's commands show the one and some the other.
    if not tree.startswith(b"tree ") or len(authors) != 1 or len(committers) > 1:
        raise GitFailed(f"the commit {oid} is broken", hint="Run `git fsck`.")
    signature, payload = split_signature(data)
    return Commit(
        oid=oid,
        tree=tree.removeprefix(b"tree ").decode(errors="replace"),
        parents=tuple(line.removeprefix(_PARENT).decode(errors="replace") for line in parents),
        author_email=_email(authors[0]),
        committer_email=_email(b"".join(committers)),
        message=_readable(message, next(iter(_values(lines, b"encoding ")), b"utf-8")),
        signature=signature,
        payload=payload,
        signature_headers=sum(line.startswith(_SIGNATURES) for line in lines),
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
    """Return the values of a header. Lines that go on another one begin with a space."""
    return [line.removeprefix(name) for line in lines if line.startswith(name)]


def _email(author: bytes) -> str:
    """Return the address in `Name <address> 1700000000 +0100`, from the first `<` to the `>` after it, as git
    reads it; surrogates stand for what is no UTF-8.
    """
    return author.partition(b"<")[2].partition(b">")[0].decode(errors="surrogateescape")


def _readable(message: bytes, encoding: bytes) -> str:
    try:
        name = codecs.lookup(encoding.decode("ascii")).name
        return message.decode("utf-8" if name in _SLOW else name, errors="replace")
    except (LookupError, ValueError):
        return message.decode(errors="replace")
