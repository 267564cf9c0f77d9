"""`origin.yaml`: what a model was taken over from, and what of its trail there can be named.

It is written once, with the model. Of GTO it pins every old tag by its object's id; of MLflow, which keeps no
trail, it names the versions by their numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from rollbook.records.fields import Fields, read_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

GTO, MLFLOW = "gto", "mlflow"
REGISTERED, DEREGISTERED, ASSIGNED, UNASSIGNED, DEPRECATED, IGNORED = (
    "registered",
    "deregistered",
    "assigned",
    "unassigned",
    "deprecated",
    "ignored",
)
_COUNTER = re.compile(r"#([0-9]{1,15})")


@dataclass(frozen=True, slots=True)
class OldTag:
    """A tag as it stood when the model was taken over.

    `object` is what its ref points at (the commit itself, for a lightweight tag), `commit` what that stands
    on. `version` is the version it is about, by the name it has in the registry; empty when it is about the
    whole model or about no version that can be told. `stage` is the old tool's. `at` is RFC 3339 text.
    """

    tag: str
    object: str
    commit: str
    action: str
    version: str = ""
    stage: str = ""
    at: str = ""
    by: str = ""
    reason: str = ""
    path: str = ""

    @property
    def counter(self) -> int:
        """The number at the end of the tag's name; 0 when there is none."""
        match = _COUNTER.fullmatch(self.tag, self.tag.rfind("#")) if "#" in self.tag else None
        return int(match[1]) if match else 0


@dataclass(frozen=True, slots=True)
class OldVersion:
    """A version that had a number before: by the name it has in the registry, and the stage it stood in, by
    the old tool's name for it."""

    version: str
    number: int
    stage: str = ""


@dataclass(frozen=True)
class Origin:
    """Where a model was taken over from: the tool, the name it had there, which of its stages became which,
    and its tags, the oldest first; or the address of the old registry, and its versions by number."""

    tool: str
    name: str
    stages: Mapping[str, str]
    tags: tuple[OldTag, ...] = ()
    uri: str = ""
    versions: tuple[OldVersion, ...] = ()

    @property
    def taken_over(self) -> frozenset[str]:
        """The versions that were registered before, by the names they have in the registry."""
        return frozenset([*self.registrations, *(old.version for old in self.versions)])

    @cached_property
    def registrations(self) -> Mapping[str, OldTag]:
        """For each version that was registered last and not deregistered since, the tag that says so."""
        standing: dict[str, OldTag] = {}
        for tag in self.tags:
            if tag.action == REGISTERED:
                standing[tag.version] = tag
            elif tag.action == DEREGISTERED:
                standing.pop(tag.version, None)
        return standing

    def active_stages(self, version: str) -> Mapping[str, OldTag]:
        """Return the old tool's stages that `version` stood in, each with the tag that put it there; the one
        it was put into last comes last.
        """
        standing: dict[str, OldTag] = {}
        for tag in self.tags:
            if tag.version != version or not tag.stage:
                continue
            standing.pop(tag.stage, None)
            if tag.action == ASSIGNED:
                standing[tag.stage] = tag
        return standing

    @property
    def highest_counter(self) -> int:
        """The highest number that a tag of the model ends with."""
        return max((tag.counter for tag in self.tags), default=0)


def parse_origin(data: bytes, path: str) -> Origin:
    """Read an origin. Raises InvalidFile naming the file and the key."""
    return origin_from(read_fields(data, path), path)


def origin_from(fields: Fields, path: str) -> Origin:
    """Read an origin that is parsed already. Raises InvalidFile naming the file and the key."""
    return Origin(
        tool=fields.text("tool"),
        name=fields.text("name"),
        stages={name: fields.inner("stages").text(name) for name in fields.mapping("stages")},
        tags=tuple(
            _tag(Fields(item, path, f"tags.{index}")) for index, item in enumerate(fields.items("tags"))
        ),
        uri=fields.optional_text("uri"),
        versions=tuple(
            _version(Fields(item, path, f"versions.{index}"))
            for index, item in enumerate(fields.items("versions"))
        ),
    )


def _version(fields: Fields) -> OldVersion:
    return OldVersion(fields.text("version"), fields.integer("number"), fields.optional_text("stage"))


def _tag(fields: Fields) -> OldTag:
    return OldTag(
        tag=fields.text("tag"),
        object=fields.text("object"),
        commit=fields.text("commit"),
        action=fields.text("action"),
        version=fields.optional_text("version"),
        stage=fields.optional_text("stage"),
        at=fields.optional_text("at"),
        by=fields.optional_text("by"),
        reason=fields.optional_text("reason"),
        path=fields.optional_text("path"),
    )
