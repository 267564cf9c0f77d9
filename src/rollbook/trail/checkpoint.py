"""How far the trail was found whole, remembered in the git directory; safe to delete at any time.

Remembered is one fact: with these tags, all that main holds up to a commit is recorded, in one chain that
ends with this tag object. Tags name their content, so that the fact stays true for as long as the tags are
the very same; it is used only then. Who can write there can also replace git's own configuration, and so is
trusted.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.cache.memory import RECORDED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rollbook.cache.memory import Memory
    from rollbook.git.refs import RefUpdate
    from rollbook.git.repository import Repository

_LOOSE = re.compile(rb"[0-9a-f]{40}\n")
_TAGS = "refs/tags"


@dataclass(frozen=True, slots=True)
class TagRefs:
    """The tags as git keeps them: those in a file each, with the object's id; and the digest of the file that
    holds all others (https://git-scm.com/docs/gitrepository-layout)."""

    loose: Mapping[str, str]
    packed: str

    def after(self, updates: Iterable[RefUpdate]) -> TagRefs:
        """Return the tags once refs that are new were made."""
        return TagRefs({**self.loose, **{update.ref: update.new for update in updates}}, self.packed)

    @property
    def digest(self) -> str:
        lines = (f"{oid} {ref}\n" for ref, oid in sorted(self.loose.items()))
        text = "".join([self.packed, "\n", *lines])
        return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


@dataclass(frozen=True, slots=True)
class Reached:
    """The digest of the tags, the commit of main up to which they record everything, and the id of the last
    one's object (empty when main holds no event)."""

    refs: str
    tip: str
    head: str


def tag_refs(repository: Repository) -> TagRefs | None:
    """Return the tags as they stand; None where git keeps them in another way, or one names no object
    itself.
    """
    common = repository.common_dir
    if (common / "reftable").exists():
        return None
    try:
        # As git does: what moves from the one to the other meanwhile is found in either.
        loose = dict(_loose(common))
        packed = _packed(common / "packed-refs")
    except (OSError, ValueError):
        return None
    return TagRefs(loose, packed)


def _packed(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""


def _loose(common: Path) -> Iterator[tuple[str, str]]:
    for folder, _, names in os.walk(common / _TAGS):
        for name in names:
            if name.endswith(".lock"):  # no ref is called so
                continue
            path = Path(folder, name)
            content = path.read_bytes()
            if not _LOOSE.fullmatch(content):
                raise ValueError(f"{path} is no id")
            yield path.relative_to(common).as_posix(), content[:40].decode()


def reached(repository: Repository, refs: TagRefs, fact: Memory = RECORDED) -> Reached | None:
    """Return what is remembered of these tags; None when nothing is.

    `fact` is RECORDED, as above; or ORDERED: the tags, all or not, are one chain in the order of main.
    """
    body = fact.read(repository)
    checkpoint = None if body is None else Reached(*body.decode().split("\n"))
    return checkpoint if checkpoint is not None and checkpoint.refs == refs.digest else None


def remember(repository: Repository, found: Reached, fact: Memory = RECORDED) -> None:
    """Write what was found. That it can't be written costs time only, and is no error."""
    fact.write(repository, "\n".join([found.refs, found.tip, found.head]).encode())
