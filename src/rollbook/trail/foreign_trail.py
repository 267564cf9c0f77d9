"""What the tags of another registry say of a version, judged by nothing but their own bytes.

A tag object is named by the SHA-1 of its content, and the one that registered a version names the SHA-256 of
its manifest and of its artifact. So this holds offline and for ever, as long as the file stands.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from rollbook.trail.event import Action
from rollbook.trail.standing_tags import standing_tag
from rollbook.trail.tag import recorded_tag

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rollbook.records.imported import SourceTag
    from rollbook.trail.event import Event

LARGEST_TAG = 1 << 16
MOST_TAGS = 1000
_AFTER = (Action.ASSIGNED, Action.UNASSIGNED, Action.ALIAS_SET, Action.ALIAS_REMOVED)


def object_id(content: bytes) -> str:
    """Return the id that git gives a tag object (`git hash-object -t tag`)."""
    return hashlib.sha1(b"tag %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def tag_name(content: bytes) -> str | None:
    """Return the name that stands inside a tag object; None when it isn't written as git writes one."""
    read = standing_tag("", "", content)
    return read.inner if read else None


def contradictions(
    tags: Sequence[SourceTag], model: str, version: str, manifest_sha256: str, artifact_sha256: str
) -> Iterator[tuple[int, str]]:
    """Yield what is wrong with the tags of a version whose manifest and artifact have these digests: the
    place of each tag that is, and what.
    """
    number = 0
    for place, tag in enumerate(tags):
        event, wrong = _event(tag)
        if event is None:
            yield place, wrong
            continue
        wrong = _misplaced(event, place, number) or _disagreement(
            event, (model, version), manifest_sha256, artifact_sha256
        )
        number = event.number
        if wrong:
            yield place, f"the tag {tag.tag[:80]!r} {wrong}"


def _event(tag: SourceTag) -> tuple[Event | None, str]:
    """Return what a tag records; else why it can't be believed."""
    name, content = tag.tag[:80], tag.content.encode(errors="surrogateescape")
    if (oid := object_id(content)) != tag.object:
        return None, f"the object of the tag {name!r} is {oid}, and not {tag.object[:80]}"
    read, recorded = standing_tag(tag.tag, tag.object, content), recorded_tag(tag.tag, tag.object, content)
    if read is None or recorded is None:
        return None, f"{name!r} is no tag of an audit trail"
    if read.inner != tag.tag:
        return None, f"the tag {name!r} calls itself {read.inner[:80]!r} inside"
    if recorded.event.tag != tag.tag:
        return None, f"the tag {name!r} records {recorded.event.summary[:200]!r}, whose tag has another name"
    return recorded.event, ""


def _misplaced(event: Event, place: int, number: int) -> str:
    """Return what is wrong with an event at this place, after that of the given number."""
    if place == 0 and event.action is not Action.REGISTERED:
        return "comes first, and does not register the version"
    if place > 0 and event.action not in _AFTER:
        return "comes after the registration, and is of no stage or alias"
    return "" if event.number > number else "does not come after the tag before it"


def _disagreement(event: Event, version: tuple[str, str], manifest: str, artifact: str) -> str:
    if (event.model, event.version) != version:
        return f"is about {event.model}@{event.version}, and not about {'@'.join(version)}"
    if event.manifest_digest != manifest:
        return f"names a manifest with SHA-256 {event.manifest_digest[:64]}, and this one has {manifest}"
    if event.artifact_digest != artifact:
        return f"names an artifact with SHA-256 {event.artifact_digest[:64]}, and this one has {artifact}"
    return ""
