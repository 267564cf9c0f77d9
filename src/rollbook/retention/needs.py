"""Which objects of the DVC remote something still needs, and what."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.artifact.dir_object import SUFFIX, is_md5
from rollbook.errors import StorageFailed
from rollbook.layout import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rollbook.artifact.read_only_storage import ReadOnlyStorage
    from rollbook.retention.landed_removals import LandedRemoval
    from rollbook.retention.object_mentions import Mention


class Needs:
    """The objects that are needed, each with a file that needs it; and what folders consist of."""

    def __init__(self, needed: Mapping[str, str], listings: Mapping[str, Sequence[str]]) -> None:
        self._needed = needed
        self._listings = listings

    def __contains__(self, oid: object) -> bool:
        return oid in self._needed

    def by(self, oid: str) -> str:
        """Return a file that needs the object."""
        return self._needed[oid]

    def objects(self, oid: str) -> Sequence[str]:
        """Return the objects that an artifact consists of: itself, and those that a folder's listing
        names.
        """
        return [*dict.fromkeys((*self._listings.get(oid, ()), oid))]


def needs_of(
    mentions: Iterable[Mention], removed: Iterable[LandedRemoval], storage: ReadOnlyStorage
) -> Needs:
    """Return what is needed by all that `mentions` it, but for the pointers of `removed` to what was removed.

    Raises StorageFailed when a folder that is needed can't be listed: nobody can tell then what else is.
    """
    released = {(removal.key, removal.removal.md5) for removal in removed}
    needed: dict[str, str] = {}
    current: dict[str, bool] = {}
    for mention in mentions:
        if not _is_released(mention, released):
            needed[mention.oid] = min(mention.path, needed.get(mention.oid, mention.path))
            current[mention.oid] = current.get(mention.oid, False) or mention.is_current
    listings: dict[str, Sequence[str]] = {}
    for folder in [oid for oid in needed if oid.endswith(SUFFIX)]:
        files = members(storage, folder)
        if files is None and current[folder]:
            raise StorageFailed(
                f"{storage.remote_url} has no listing of the folder {folder}, which {needed[folder]} needs: "
                "which objects it consists of can't be told",
                hint="Push it from where it is (dvc push --all-commits), then sweep again.",
            )
        for oid in files or ():
            needed.setdefault(oid, needed[folder])
    for _, folder in released:
        if folder.endswith(SUFFIX):
            listings[folder] = members(storage, folder) or ()
    return Needs(needed, listings)


def _is_released(mention: Mention, released: set[tuple[tuple[str, str], str]]) -> bool:
    place = layout.place(mention.path)
    if place.kind is not Kind.POINTER or not place.model or not place.version:
        return False
    return ((place.model, place.version), mention.oid) in released


def members(storage: ReadOnlyStorage, folder: str) -> list[str] | None:
    """Return the files of a folder, whatever they are called; None when nothing holds its listing intact."""
    data = storage.listing(folder)
    if data is None:
        return None
    try:
        items = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return None
    return [item["md5"] for item in items if is_md5(item.get("md5"))]
