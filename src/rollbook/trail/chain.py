"""The trail in its own order: each tag after the one that it names as its predecessor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.trail.tag import recorded_trail

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from rollbook.git.repository import Repository
    from rollbook.trail.tag import RecordedTag


def chain(repository: Repository, strays: Collection[str] = ()) -> list[RecordedTag]:
    """Return the trail's tags but for the `strays`, from the first to the last that an unbroken chain leads
    to.

    A tag that calls itself otherwise than the ref that names it, and what comes after a gap, is left out.
    """
    return linked(tag for name, tag in recorded_trail(repository).tags.items() if name not in strays)


def linked(tags: Iterable[RecordedTag]) -> list[RecordedTag]:
    """Return these tags, of which one follows the other, from the first on; see `chain`."""
    after = {tag.previous: tag for tag in tags if tag.name == tag.event.tag}
    chained: list[RecordedTag] = []
    oid = ""
    while oid in after:
        chained.append(after.pop(oid))
        oid = chained[-1].oid
    return chained
