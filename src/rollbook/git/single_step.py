"""One commit upon another, the commonest of all ranges: the commit itself tells all that git would say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rollbook.git.objects import ObjectReader
from rollbook.git.operation import asked_once, is_open
from rollbook.git.shallow import is_shallow

if TYPE_CHECKING:
    from rollbook.git.repository import Repository

_LONGEST = 1 << 20
_ID = re.compile(r"[0-9a-f]{40}")
_PERSON = rb"[^\n<>]*<[^\n<>]*>"
# A commit of one parent, as git writes it; of any other shape git is asked.
_COMMIT = re.compile(
    rb"tree [0-9a-f]{40}\nparent (?P<parent>[0-9a-f]{40})\n"
    rb"author " + _PERSON + rb" [0-9]{1,10} [+-][0-9]{4}\n"
    rb"committer " + _PERSON + rb" (?P<seconds>[0-9]{1,10}) [+-][0-9]{4}\n"
)  # fmt: skip


class SingleStep(NamedTuple):
    """A commit that lies alone between its one parent and itself, and its own date (Unix time, seconds)."""

    oid: str
    parent: str
    committed_at: int


def single_step(repository: Repository, base: str | None, tip: str) -> SingleStep | None:
    """Return the commit `tip` where its one parent is the commit `base`; None where it is not so plain, in a
    shallow clone, which leaves parents out, and outside of an operation, where git tells it as soon.
    """
    if base is None or not is_open() or not (_ID.fullmatch(base) and _ID.fullmatch(tip)):
        return None
    if is_shallow(repository):
        return None
    step = asked_once(("step", repository, tip), lambda: _read(repository, tip))
    return step if step is not None and step.parent == base else None


def _read(repository: Repository, oid: str) -> SingleStep | None:
    reader = ObjectReader(repository)
    try:
        found = reader.read(oid, _LONGEST)
    finally:
        reader.close()
    commit = _COMMIT.match(found.data) if found and found.type == "commit" and found.data else None
    return SingleStep(oid, commit["parent"].decode(), int(commit["seconds"])) if commit else None
