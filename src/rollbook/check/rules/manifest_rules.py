"""Rules about what one manifest says, that no schema can say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook.access.roles import alike
from rollbook.errors import BadCall
from rollbook.git.main_history import MOST_AHEAD
from rollbook.names import is_bare_date, parse_moment, time_seconds
from rollbook.schema.explanation import shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rollbook.check.document import Document
    from rollbook.check.finding import Finding
    from rollbook.records.manifest import Manifest

_DAYS = ("trained_at", "started_at", "ended_at")


def training_findings(document: Document, manifest: Manifest) -> Iterator[Finding]:
    """Yield what can't be of when the version was trained: days that don't exist, an end before the start."""
    if document.findings:
        return
    training = manifest.training
    unreal = [name for name in _DAYS if name in training and not _exists(training[name])]
    for name in unreal:
        message = f"{shown(training[name])} is no day that exists"
        yield document.finding("RB225", message, "training", name, hint="Check the day of the month.")
    started, ended = training.get("started_at"), training.get("ended_at")
    if started and ended and not unreal and _is_before(ended, started):
        message = f"the training ended at {shown(ended)}, before it started at {shown(started)}"
        yield document.finding("RB225", message, "training", "ended_at", hint="Correct one of them.")


def backfill_findings(document: Document, manifest: Manifest) -> Iterator[Finding]:
    """Yield that a version which is back-filled is said to have been made after it was registered."""
    if document.findings or not manifest.backfilled:
        return
    if time_seconds(manifest.created_at) > time_seconds(manifest.registered_at):
        made, registered = shown(manifest.created_at), shown(manifest.registered_at)
        message = f"it is back-filled at {registered}, and said to be made later, at {made}"
        yield document.finding("RB226", message, "created_at", hint="Say when it was made before that.")


def registrar_findings(
    document: Document, manifest: Manifest, now: datetime, authors: frozenset[str] | None
) -> Iterator[Finding]:
    """Yield what can't be about who back-fills a version with a change, and when: in the future, or somebody
    who had no part (None: nobody knows who had) in the change."""
    if document.findings or not manifest.backfilled:
        return
    if time_seconds(manifest.registered_at) > now.timestamp() + MOST_AHEAD:
        message = f"it is said to be registered at {shown(manifest.registered_at)}, which is in the future"
        hint = f"It is {now:%Y-%m-%dT%H:%M:%SZ} here. Register it anew."
        yield document.finding("RB226", message, "backfilled", "registered_at", hint=hint)
    if authors is not None and alike(manifest.registered_by) not in {alike(author) for author in authors}:
        message = f"{shown(manifest.registered_by)}, who is said to have registered it, made no commit of it"
        hint = "Whoever makes the commit registers the version: rollbook register ... --created-by WHO"
        yield document.finding("RB227", message, "backfilled", "registered_by", hint=hint)


def _is_before(ended: str, started: str) -> bool:
    """Whether an end lies before a start, each a time or a day; where both may be of one day, it does not.

    Raises BadCall for what is no date.
    """
    if is_bare_date(ended) or is_bare_date(started):
        return parse_moment(ended) < parse_moment(started, begins=True)
    return parse_moment(ended) < parse_moment(started)


def _exists(text: Any) -> bool:
    try:
        parse_moment(text)
    except (BadCall, OverflowError):
        return False
    return True
