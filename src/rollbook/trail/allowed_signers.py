"""Who may sign the trail, and since when: a file kept out of band, or `registry/allowed_signers` on main."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.git.objects import ObjectReader
from rollbook.snapshot.snapshot import MAX_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rollbook.git.repository import Repository
    from rollbook.trail.landings import LandedChange


@dataclass(frozen=True, slots=True)
class TrustRoot:
    """The contents of an allowed-signers file (ssh-keygen(1), ALLOWED SIGNERS) as they followed each other.

    `since` are the places on main from which each content holds, ascending; one of a file kept out of band
    holds from the beginning.
    """

    since: tuple[int, ...]
    contents: tuple[bytes, ...]
    is_given: bool

    def at(self, place: int) -> bytes:
        """Return what held at a place on main; empty where nothing did yet."""
        index = bisect_right(self.since, place) - 1
        return self.contents[index] if index >= 0 else b""

    def from_then_on(self, place: int) -> tuple[bytes, ...]:
        """Return what held at a place on main and after it: a tag is signed when its event has landed, or
        later.
        """
        first = max(bisect_right(self.since, place) - 1, 0)
        return tuple(dict.fromkeys(content for content in self.contents[first:] if content.strip()))


def given_root(content: bytes) -> TrustRoot:
    """Return a trust root that is kept out of band."""
    return TrustRoot((0,), (content,), is_given=True)


def registry_root(
    repository: Repository, changes: Iterable[LandedChange], order: Mapping[str, int]
) -> TrustRoot:
    """Return the trust root in the registry itself, as all the changes that landed on main left it (`order`:
    a commit's place there)."""
    moves = [
        (order[change.commit], file)
        for change in changes
        for file in change.files
        if file.path == layout.ALLOWED_SIGNERS
    ]
    reader = ObjectReader(repository)
    try:
        names = [file.new_oid for _, file in moves]
        read = [blob.data if blob else None for blob in reader.read_many(names, MAX_FILE)]
    finally:
        reader.close()
    return TrustRoot(
        tuple(place for place, _ in moves), tuple(content or b"" for content in read), is_given=False
    )
