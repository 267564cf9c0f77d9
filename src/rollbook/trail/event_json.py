"""An event of the trail as JSON: the shape that schemas/audit-event.schema.json describes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.names import time_text

if TYPE_CHECKING:
    from rollbook.trail.tag import RecordedTag


def event_mapping(tag: RecordedTag) -> dict[str, object]:
    """Return what a tag of the trail records."""
    event = tag.event
    return {
        "tag": tag.name,
        "action": event.action.value,
        "event": event.number,
        "model": event.model,
        "version": event.version,
        "from": event.start or None,
        "to": event.target or None,
        "reason": event.reason or None,
        "requested_by": event.requested_by or None,
        "requested_at": event.requested_at or None,
        "approved_by": list(event.approved_by),
        "pull_request": tag.pull_request or None,
        "landed_in": event.landed_in,
        "landed_at": time_text(tag.recorded_at),
        "commit": tag.commit,
        "manifest_digest": event.manifest_digest or None,
        "artifact_digest": event.artifact_digest or None,
        "origin": event.origin or None,
        "previous_event": tag.previous or None,
    }
