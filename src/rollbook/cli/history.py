"""`rollbook history [MODEL]`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, print_table, say
from rollbook.cli.source import opened_registry

if TYPE_CHECKING:
    from rollbook.audit.tag import RecordedTag


@click.command("history")
@click.argument("model", required=False)
@options.snapshot
@options.directory
@options.as_json
def command(model: str | None, rev: str | None, at: str | None, as_json: bool) -> None:
    """List what happened to MODEL, or to all: who, what, when, from where, where to, and why.

    Read from the audit trail's tags, oldest first.
    """
    from rollbook.history import history

    with opened_registry(None, rev, at) as registry:
        if model is not None:
            registry.model(model)
        tags = history(registry.repository, registry.snapshot.commit or "HEAD", model)
    if as_json:
        print_json([_event(tag) for tag in tags])
        return
    if not tags:
        say("nothing is recorded yet; `rollbook audit record` records what landed on main")
        return
    columns = ["when", "model", "version", "action", "from", "to", "by", "reason"]
    print_table(columns, [_row(tag) for tag in tags])


def _row(tag: RecordedTag) -> list[str]:
    event = tag.event
    return [
        _when(tag.recorded_at),
        event.model,
        event.version,
        event.action.value,
        event.start,
        event.target,
        event.requested_by,
        event.reason,
    ]


def _event(tag: RecordedTag) -> dict[str, object]:
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
        "landed_at": _when(tag.recorded_at),
        "commit": tag.commit,
        "manifest_digest": event.manifest_digest or None,
        "artifact_digest": event.artifact_digest or None,
        "previous_event": tag.previous or None,
    }


def _when(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
