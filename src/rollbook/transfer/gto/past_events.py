"""What happened to models before they were taken over: their old tags, as origin.yaml keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.names import time_seconds
from rollbook.records.origin import IGNORED, parse_origin
from rollbook.registry.model_folders import model_names

if TYPE_CHECKING:
    from rollbook.records.origin import OldTag
    from rollbook.registry.registry import Registry
    from rollbook.trail.history import EventFilter


@dataclass(frozen=True, slots=True)
class PastEvent:
    """An event of the time before: the model, by the name it has here, and the tag that tells it."""

    model: str
    tag: OldTag

    def as_mapping(self) -> dict[str, object]:
        """Return the event under the keys that an event of the trail has; it landed nowhere."""
        tag = self.tag
        return {
            "tag": tag.tag,
            "action": tag.action,
            "event": None,
            "model": self.model,
            "version": tag.version or None,
            "from": tag.stage if tag.action == "unassigned" else None,
            "to": tag.stage if tag.action == "assigned" else None,
            "reason": tag.reason or None,
            "requested_by": tag.by or None,
            "requested_at": tag.at or None,
            "approved_by": [],
            "pull_request": None,
            "landed_in": None,
            "landed_at": None,
            "commit": tag.commit,
            "manifest_digest": None,
            "artifact_digest": None,
            "origin": f"{tag.tag} {tag.object}",
            "previous_event": None,
            "evidence": [],
        }


def past_events(registry: Registry, model: str | None, wanted: EventFilter) -> list[PastEvent]:
    """Return the events that GTO's tags of one model, or of all, tell, by their dates; narrowed as `wanted`
    says.

    Raises InvalidFile for an origin that can't be read.
    """
    names = [model] if model is not None else model_names(registry.snapshot)
    paths = [layout.origin_path(name) for name in names]
    events = [
        PastEvent(name, tag)
        for name, path, data in zip(names, paths, registry.snapshot.read_many(paths), strict=True)
        if data is not None
        for tag in parse_origin(data, path).tags
        if tag.action != IGNORED and _includes(wanted, tag)
    ]
    return sorted(events, key=lambda event: event.tag.at)


def _includes(wanted: EventFilter, tag: OldTag) -> bool:
    at = time_seconds(tag.at)
    return (
        (wanted.since is None or at >= wanted.since.timestamp())
        and (wanted.until is None or at <= wanted.until.timestamp())
        and (wanted.action is None or tag.action == wanted.action.value)
        and wanted.stage in ("", tag.stage)
        and (not wanted.by or wanted.by.casefold() == tag.by.casefold())
        and wanted.version in ("", tag.version)
    )
