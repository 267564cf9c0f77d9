"""The tags of GTO: what each says, read from its object without believing more than stands there.

Grammar: https://mlem.ai/doc/gto/user-guide/#git-tags-format. A lightweight tag says nothing to GTO.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rollbook.git.objects import ObjectReader
from rollbook.git.refs import tag_ids
from rollbook.names import time_seconds, time_text
from rollbook.records.origin import (
    ASSIGNED,
    DEPRECATED,
    DEREGISTERED,
    IGNORED,
    REGISTERED,
    UNASSIGNED,
    OldTag,
)
from rollbook.text import one_line
from rollbook.trail.standing_tags import MAX_TAG, is_of_trail

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rollbook.git.objects import GitObject
    from rollbook.git.repository import Repository

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9/_-]*[A-Za-z0-9])?"
_NUMBER = r"(?:0|[1-9][0-9]*)"
_SEMVER = (
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}"
    r"(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
_TAG = re.compile(
    rf"(?P<artifact>(?:[A-Za-z0-9_./-]+=)?{_NAME})"
    rf"(?:(?:\#(?P<stage>{_NAME})|@v(?P<version>{_SEMVER}))(?P<cancel>!?)|@(?P<word>deprecated|created))"
    r"(?:#[0-9]+)?",
)
_LONGEST = 255
_HEAD = re.compile(
    rb"object (?P<commit>[0-9a-f]{40})\ntype commit\ntag (?P<inner>[^\n]*)\n"
    rb"tagger (?P<name>[^\n<>]*) <(?P<email>[^\n<>]*)> (?P<when>[0-9]{1,12}) [+-][0-9]{4}\n\n?"
)
_SIGNATURE = b"\n-----BEGIN "
NO_ANNOTATION = "it is a lightweight tag, which GTO takes no notice of"


@dataclass(frozen=True, slots=True)
class GtoArtifact:
    """An artifact as its tags tell it, the oldest first. `name` is as GTO prints it, `folder:name`; `unread`
    says of each tag that counts for nothing why."""

    name: str
    tags: tuple[OldTag, ...]
    unread: tuple[tuple[str, str], ...] = ()


def read_artifacts(repository: Repository) -> list[GtoArtifact]:
    """Every artifact that a repository's tags name, by name."""
    named = [(name, oid) for name, oid in tag_ids(repository).items() if artifact_of(name)]
    artifacts: dict[str, list[tuple[OldTag, str]]] = {}
    reader = ObjectReader(repository)
    try:
        objects = reader.read_many((oid for _, oid in named), MAX_TAG)
        for (name, oid), item in zip(named, objects, strict=True):
            if item is not None and not is_of_trail(item.data or b""):
                artifacts.setdefault(artifact_of(name), []).append(old_tag(name, oid, item))
    finally:
        reader.close()
    return [_artifact(name, read) for name, read in sorted(artifacts.items())]


def artifact_of(tag: str) -> str:
    """Return the artifact that a tag's name is about, as GTO prints it; empty when it is no name of GTO's."""
    match = _TAG.fullmatch(tag) if len(tag) <= _LONGEST else None
    return match["artifact"].replace("=", ":") if match else ""


def old_tag(name: str, oid: str, item: GitObject) -> tuple[OldTag, str]:
    """Return what a tag of that name says, and why it counts for nothing (empty when it counts).

    Its `version` is that of its name, without the `v`; which version a stage's tag is about, it can't say.
    """
    match = _TAG.fullmatch(name)
    if match is None or item.type != "tag":
        return OldTag(name, oid, oid, IGNORED), NO_ANNOTATION
    data = item.data or b""
    head = _HEAD.match(data)
    if head is None:
        return OldTag(name, oid, oid, IGNORED), "its head is not written as git writes a tag's"
    commit = head["commit"].decode()
    if head["inner"].decode(errors="replace") != name:
        return OldTag(name, oid, commit, IGNORED), "it calls itself otherwise inside: another tag was copied"
    if int(head["when"]) > time_seconds("9999-01-01T00:00:00Z"):
        return OldTag(name, oid, commit, IGNORED), "it is dated after the year 9999"
    message = data[head.end() :].partition(_SIGNATURE)[0].decode(errors="replace")
    who = one_line((head["email"] or head["name"]).decode(errors="replace"), 255)
    tag = OldTag(
        tag=name,
        object=oid,
        commit=commit,
        action=_action(match),
        version=match["version"] or "",
        stage=match["stage"] or "",
        at=time_text(int(head["when"])),
        by=who,
        reason=one_line(message, 1000),
    )
    return tag, "GTO takes no notice of it" if tag.action == IGNORED else ""


def _action(said: re.Match[str]) -> str:
    if said["word"]:
        return DEPRECATED if said["word"] == "deprecated" else IGNORED
    if said["stage"]:
        return UNASSIGNED if said["cancel"] else ASSIGNED
    return DEREGISTERED if said["cancel"] else REGISTERED


def _artifact(name: str, read: Iterable[tuple[OldTag, str]]) -> GtoArtifact:
    """Return an artifact's tags in their order; each stage's, with the version that is registered on its
    commit.
    """
    ordered = sorted(read, key=lambda pair: (pair[0].at, pair[0].counter, pair[0].tag))
    unread = [(tag.tag, why) for tag, why in ordered if why]
    versions: dict[str, set[str]] = {}
    for tag, _ in ordered:
        if tag.action in (REGISTERED, DEREGISTERED):
            versions.setdefault(tag.commit, set()).add(tag.version)
    tags = []
    for tag, _ in ordered:
        registered = versions.get(tag.commit, set()) if tag.stage else {tag.version}
        if len(registered) != 1:
            why = "several versions are" if registered else "no version is"
            unread.append((tag.tag, f"{why} registered on its commit {tag.commit[:12]}"))
        tags.append(replace(tag, version=next(iter(registered)) if len(registered) == 1 else ""))
    return GtoArtifact(name, tuple(tags), tuple(unread))


def renamed(tags: Iterable[OldTag], names: Mapping[str, str]) -> Iterator[OldTag]:
    """Yield the tags, their versions by the names they get."""
    for tag in tags:
        yield replace(tag, version=names.get(tag.version, tag.version)) if tag.version else tag
