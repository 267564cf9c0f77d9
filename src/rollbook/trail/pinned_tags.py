"""What the trail takes from a model's origin.yaml: the tags that stood before Rollbook, pinned by their ids.

Nothing of an old tag is read to find out what is true: what counts is what main says of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rollbook.errors import InvalidFile, Refused
from rollbook.git.refs import tag_ids
from rollbook.names import time_seconds
from rollbook.records.origin import parse_origin
from rollbook.registry.change import Transition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rollbook.git.repository import Repository
    from rollbook.records.origin import OldTag, Origin
    from rollbook.records.stages import StageTable

_OBJECT_ID = re.compile(r"[0-9a-f]{40}")
# What may stand in a tag's name, and in one line of its object.
_TAG_NAME = re.compile(r"[^\x00-\x20\x7f-\xa0\u2028\u2029~^:?*\[\\]{1,255}")
_STAGE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9/_-]{0,98}[A-Za-z0-9])?")


def effective_origin(data: bytes, path: str) -> Origin | None:
    """Return the origin in a file that has landed; None when a part of it could not be written into a tag, or
    it can't be read at all: the trail goes on without it.
    """
    try:
        origin = parse_origin(data, path)
    except InvalidFile:
        return None
    return origin if all(map(_is_sound, origin.tags)) else None


def _is_sound(tag: OldTag) -> bool:
    return bool(
        _TAG_NAME.fullmatch(tag.tag)
        and _OBJECT_ID.fullmatch(tag.object)
        and _OBJECT_ID.fullmatch(tag.commit)
        and (not tag.stage or _STAGE.fullmatch(tag.stage))
    )


def last_moment(origin: Origin) -> int:
    """When the newest of the old tags was made, by its own word (Unix time); 0 when none tells."""
    return max((time_seconds(tag.at) for tag in origin.tags if tag.at), default=0)


def departures(
    origin: Origin, versions: Iterable[str], table: StageTable, first_stage: str
) -> Iterator[Transition]:
    """Yield the old stages that versions which are taken over stood in, and that they don't hold here."""
    for version in versions:
        entry = table.entry_of(version)
        target = entry.stage if entry else first_stage
        for stage in origin.active_stages(version):
            # Nobody is put into the first stage by a tag.
            if stage != target or target == first_stage:
                yield Transition(version, stage, target, entry)


def changed_tags(origins: Iterable[Origin], standing: Mapping[str, str]) -> Iterator[OldTag]:
    """Yield the old tags that are gone, or point at something else than they did."""
    for origin in origins:
        for tag in origin.tags:
            if standing.get(tag.tag) != tag.object:
                yield tag


def require_old_tags(repository: Repository, origins: Iterable[Origin]) -> None:
    """Raise Refused unless every old tag stands as it did when its model was taken over."""
    all_origins = list(origins)
    changed = next(changed_tags(all_origins, tag_ids(repository)), None) if all_origins else None
    if changed is not None:
        raise Refused(
            f"the tag {changed.tag!r} is not the one that was taken over ({changed.object[:12]})",
            hint="Fetch it from where it still is: git fetch origin 'refs/tags/*:refs/tags/*'. If it was "
            "replaced on purpose, take the model over again.",
        )
