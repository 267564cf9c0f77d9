"""Rules about what one manifest says, that no schema can say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall
from rollbook.names import is_bare_date, parse_moment
from rollbook.schema.explanation import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    if started and ended and not unreal and is_before(ended, started):
        message = f"the training ended at {shown(ended)}, before it started at {shown(started)}"
        yield document.finding("RB225", message, "training", "ended_at", hint="Correct one of them.")


def is_before(ended: str, started: str) -> bool:
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
