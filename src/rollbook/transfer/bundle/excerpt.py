"""The part of a registry's trail that a bundle takes along: the tags of one version's events."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from rollbook.errors import Refused
from rollbook.git.objects import read_at_once
from rollbook.git.repository import is_ancestor
from rollbook.records.imported import SourceTag
from rollbook.trail.event import Action
from rollbook.trail.foreign_trail import LARGEST_TAG, MOST_TAGS, contradictions
from rollbook.trail.tag import recorded_trail
from rollbook.yaml.scalars import FORBIDDEN

if TYPE_CHECKING:
    from rollbook.registry.model_version import ModelVersion
    from rollbook.trail.tag import RecordedTag

_VERIFY = "Run `rollbook audit verify`, which says what is wrong."
_RECORD = "Fetch the tags (git fetch --tags), or write them: rollbook audit record"


def excerpt(version: ModelVersion, commit: str, manifest: bytes) -> tuple[SourceTag, ...]:
    """The tags of a version's events up to a commit: its registration's, then those of its stages.

    Raises Refused when it isn't registered yet as far as the tags say, or when they say something else than
    what stands in the registry.
    """
    repository, name = version.model.registry.repository, version.model.name
    found = [
        tag
        for tag in recorded_trail(repository, [name]).tags.values()
        if tag.event.version == version.version
        and tag.name == tag.event.tag
        and is_ancestor(repository, tag.event.landed_in, commit)
    ]
    found.sort(key=lambda tag: tag.event.number)
    if not any(tag.event.action is Action.REGISTERED for tag in found):
        raise Refused(f"no tag of the audit trail registers {version} up to {commit[:12]}", hint=_RECORD)
    contents = read_at_once(repository, [tag.oid for tag in found])
    tags = tuple(_tag(tag, data) for tag, data in zip(found, contents, strict=True))
    digest = hashlib.sha256(manifest).hexdigest()
    for _, wrong in contradictions(tags, name, version.version, digest, version.artifact.sha256):
        raise Refused(f"{version}: {wrong}", hint=_VERIFY)
    if len(tags) > MOST_TAGS:
        raise Refused(f"{version} has more than {MOST_TAGS:,} events")
    return tags


def _tag(tag: RecordedTag, data: bytes) -> SourceTag:
    """A tag that a file of a registry can hold. Raises Refused for another."""
    try:
        content = data.decode()
    except UnicodeDecodeError:
        content = ""
    if not content or len(data) > LARGEST_TAG or FORBIDDEN.search(content):
        raise Refused(
            f"the tag {tag.name!r} can't be taken along: it is too large, or holds what no file may hold"
        )
    return SourceTag(tag.name, tag.oid, content)
