"""What the trail's tags say, remembered in the git directory; safe to delete at any time.

Which tags there are, git says each time. What one says is remembered by the id of its object, which stands
for its content. That is for showing the trail: `audit record` and `audit verify` read the tags themselves.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rollbook.cache.memory import TAGS
from rollbook.git.objects import read_at_once
from rollbook.git.refs import annotated_tags, tag_ids
from rollbook.trail.event import Action, Event
from rollbook.trail.tag import RecordedTag, RecordedTrail, recorded_tag

if TYPE_CHECKING:
    from collections.abc import Collection

    from rollbook.git.repository import Repository

_FEW = 500  # tags that are quicker read anew each time than written once
# A line a tag: lines and fields are told apart by what is split at the speed of C.
_BETWEEN, _WITHIN = "\0", "\x1f"
_ACTIONS = {action.value: action for action in Action}


def known_trail(repository: Repository) -> RecordedTrail:
    """Every tag of the repository, of which only those are read that were not read before."""
    known = _read(repository)
    refs = tag_ids(repository)
    new = _read_anew(repository, known) if any(oid not in known for oid in refs.values()) else {}
    if len(new) > max(_FEW, len(known) // 10):
        kept = [known[oid] for oid in refs.values() if oid in known]
        fields = [*kept, *(_fields(tag) for tag in new.values() if _is_plain(tag))]
        TAGS.write(repository, "\n".join(map(_BETWEEN.join, fields)).encode(errors="replace"))
    tags = {}
    for name, oid in refs.items():
        if oid in known:
            tags[name] = _tag(name, known[oid])
        elif oid in new:
            tags[name] = replace(new[oid], name=name)
    return RecordedTrail(tags, frozenset(refs.keys() - tags.keys()))


def _read_anew(repository: Repository, known: Collection[str]) -> dict[str, RecordedTag]:
    """The trail's tags whose objects are not among the `known`, by the ids of these."""
    annotated, _ = annotated_tags(repository)
    refs = {name: oid for name, oid in annotated.items() if oid not in known}
    objects = read_at_once(repository, refs.values())
    tags = (recorded_tag(name, oid, data) for (name, oid), data in zip(refs.items(), objects, strict=True))
    return {tag.oid: tag for tag in tags if tag is not None}


def _fields(tag: RecordedTag) -> list[str]:
    """What a tag says, after the id of its object."""
    event = tag.event
    return [
        tag.oid, tag.commit, str(tag.recorded_at), tag.tagger, tag.previous, tag.pull_request,
        "signed" if tag.signed else "", event.action.value, str(event.number), event.model, event.version,
        event.start, event.target, event.reason, event.requested_by, event.requested_at,
        "".join(f"{name}{_WITHIN}" for name in event.approved_by), event.landed_in,
        event.manifest_digest, event.artifact_digest, event.origin,
    ]  # fmt: skip


def _tag(name: str, fields: list[str]) -> RecordedTag:
    (
        oid, commit, recorded_at, tagger, previous, pull_request, signed, action, number, model, version,
        start, target, reason, by, at, approved, landed_in, manifest, artifact, origin,
    ) = fields  # fmt: skip
    event = Event(
        _ACTIONS[action], int(number), model, version, start, target, reason, by, at,
        tuple(approved.split(_WITHIN)[:-1]), landed_in, commit, int(recorded_at), manifest, artifact, origin,
    )  # fmt: skip
    return RecordedTag(
        name, oid, commit, event.recorded_at, tagger, event, previous, pull_request, signed == "signed"
    )


def _read(repository: Repository) -> dict[str, list[str]]:
    """The fields that are remembered, by the ids of objects."""
    lines = (TAGS.read(repository) or b"").decode().split("\n")
    return {line[:40]: line.split(_BETWEEN) for line in lines if line}


def _is_plain(tag: RecordedTag) -> bool:
    """Whether nothing in it would be taken for what stands between lines, fields and names."""
    text = "".join([*_fields(tag)[:16], *tag.event.approved_by, tag.event.origin])
    return not any(mark in text for mark in ("\n", _BETWEEN, _WITHIN))
