"""Events of the trail as a table for data frames."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall
from rollbook.insight.tabular import TypedColumn
from rollbook.names import parse_moment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.insight.tabular import Kind

# What happened to what, who asked and why; then how it is recorded.
_COLUMNS: Mapping[str, Kind] = {
    "landed_at": "time",
    "model": "text",
    "version": "text",
    "action": "text",
    "from": "text",
    "to": "text",
    "requested_by": "text",
    "requested_at": "time",
    "approved_by": "texts",
    "reason": "text",
    "evidence": "texts",
    "event": "integer",
    "pull_request": "text",
    "landed_in": "text",
    "commit": "text",
    "manifest_digest": "text",
    "artifact_digest": "text",
    "origin": "text",
    "previous_event": "text",
    "tag": "text",
}


def event_columns(events: Sequence[Mapping[str, Any]]) -> list[TypedColumn]:
    """Return the columns of a table of events, given as `history --json` has them. A time that can't be read
    is none: the trail keeps what was written."""
    return [
        TypedColumn(name, kind, [_moment(one[name]) if kind == "time" else one[name] for one in events])
        for name, kind in _COLUMNS.items()
    ]


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        return parse_moment(text).astimezone(UTC)
    except (BadCall, OverflowError):
        return None
