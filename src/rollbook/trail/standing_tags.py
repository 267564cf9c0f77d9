"""The tags as they stand: every byte of their objects, taken apart without believing any of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollbook.git.objects import ObjectReader
from rollbook.git.refs import tag_ids
from rollbook.trail.tag import is_trail_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rollbook.git.repository import Repository

MAX_TAG = 1 << 20
_HEAD = re.compile(
    rb"object (?P<commit>[0-9a-f]{40})\ntype commit\ntag (?P<inner>[^\n]*)\n"
    rb"tagger (?P<tagger>[^\n<>]* <[^\n<>]*>) (?P<when>[0-9]{1,18} [+-][0-9]{4})\n\n"
)
_TARGET = re.compile(rb"object (?P<oid>[0-9a-f]{40})\n")
_SIGNATURE = b"\n-----BEGIN "
# What every event has: of a version whose manifest is gone, no digest is told.
_TRAILS = (b"\nAction: ", b"\nLanded-In: ")


@dataclass(frozen=True, slots=True)
class StandingTag:
    """An annotated tag: the ref's name, the object's id, and what the object says.

    `commit` is what it points at, `inner` the name inside, `when` the tagger's date as git writes it (Unix
    time and zone). `message` is the message without the signature, `payload` what the signature signs.
    """

    name: str
    oid: str
    commit: str
    inner: str
    tagger: str
    when: str
    message: str
    signature: str
    payload: bytes

    def trailer(self, key: str) -> str:
        """Return the first value of a trailer; empty when there is none."""
        start = self.message.find(f"\n{key}: ")
        return self.message[start + len(key) + 3 :].partition("\n")[0] if start >= 0 else ""

    @property
    def data(self) -> bytes:
        """The object's bytes."""
        return self.payload + self.signature.encode(errors="surrogateescape")

    @property
    def previous(self) -> str:
        """The id of the tag object that it names as the one before it."""
        return self.trailer("Previous-Event")


@dataclass(frozen=True, slots=True)
class StandingTags:
    """The tags of a repository that concern the trail.

    `tags` are annotated tags of the trail by ref name; `broken` are the names of those that look like one but
    can't be read as one; `foreign` are all others whose name GTO would read, with the commit they stand on
    (empty when they stand on none); `objects` says what each tag points at.
    """

    tags: Mapping[str, StandingTag]
    broken: frozenset[str]
    foreign: Mapping[str, str]
    objects: Mapping[str, str] = field(default_factory=dict)


def standing(repository: Repository, refs: Mapping[str, str] | None = None) -> StandingTags:
    """Return every tag of a repository that concerns the trail, or those of `refs`: what each points at, by
    its name."""
    refs = tag_ids(repository) if refs is None else refs
    reader = ObjectReader(repository)
    try:
        objects = reader.read_many(refs.values(), MAX_TAG)
        return sorted_out(
            (name, oid, (tag_object.data or b"") if tag_object and tag_object.type == "tag" else b"")
            for (name, oid), tag_object in zip(refs.items(), objects, strict=True)
        )
    finally:
        reader.close()


def sorted_out(refs: Iterable[tuple[str, str, bytes]]) -> StandingTags:
    """Sort tags out by what they are. Of each: name, object id, and an annotated one's bytes (or none)."""
    tags: dict[str, StandingTag] = {}
    broken, foreign, objects = set(), dict[str, str](), dict[str, str]()
    for name, oid, data in refs:
        objects[name] = oid
        if is_of_trail(data):
            tag = standing_tag(name, oid, data)
            if tag is None:
                broken.add(name)
            else:
                tags[name] = tag
        elif is_trail_name(name):
            target = _TARGET.match(data)
            foreign[name] = target["oid"].decode() if target else oid
    return StandingTags(tags, frozenset(broken), foreign, objects)


def is_of_trail(data: bytes) -> bool:
    """Whether a tag object bears the trailers of the trail."""
    return all(mark in data for mark in _TRAILS)


def standing_tag(name: str, oid: str, data: bytes) -> StandingTag | None:
    """Return the tag object `data` (https://git-scm.com/docs/git-mktag), under the ref `name`; None when its
    head isn't written as git writes it.
    """
    head = _HEAD.match(data)
    if head is None:
        return None
    place = data.find(_SIGNATURE, head.end() - 1)
    end = len(data) if place < 0 else place + 1
    return StandingTag(
        name=name,
        oid=oid,
        commit=head["commit"].decode(),
        inner=_text(head["inner"]),
        tagger=_text(head["tagger"]),
        when=_text(head["when"]),
        message=_text(data[head.end() : end]),
        signature=_text(data[end:]),
        payload=data[:end],
    )


def _text(data: bytes) -> str:
    return data.decode(errors="surrogateescape")
