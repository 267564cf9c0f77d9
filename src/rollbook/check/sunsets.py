"""What stands past its sunset, or near it: a question of the day, and so of the registry as a whole alone.

A change is never judged by it: none begins to fail because a day has passed for another version.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.check.document import contents, read_documents
from rollbook.check.finding import arranged
from rollbook.check.registry_files import model_names, policy_of
from rollbook.check.rules.stage_rules import located
from rollbook.names import ARCHIVED, day_of
from rollbook.records.policy import SUNSET_REMINDER
from rollbook.records.stages import StageTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rollbook.check.document import Document, Key
    from rollbook.check.finding import Finding
    from rollbook.records.stages import StageEntry
    from rollbook.snapshot.snapshot import Snapshot

# A key can be spelt with escapes too.
_TELLING = (b"sunset", b"\\")
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is to be said of sunsets on a day, and the first day on which something will be, where nothing
    is (None: never, as it stands)."""

    findings: tuple[Finding, ...]
    quiet_until: date | None


def outlook(snapshot: Snapshot, today: date) -> Outlook:
    """Return what is to be said of the sunsets in a registry, by model and version."""
    modes = snapshot.modes(layout.ROOT)
    policy_place = {layout.POLICY: layout.place(layout.POLICY)} if layout.POLICY in modes else {}
    policy = policy_of(read_documents(snapshot, policy_place).get(layout.POLICY))
    reminder = policy.sunset_reminder if policy else SUNSET_REMINDER
    findings: list[Finding] = []
    turning: list[date] = []
    paths = [path for path in map(layout.stages_path, sorted(model_names(modes))) if path in modes]
    for document in _with_sunsets(snapshot, paths):
        model = document.place.model or ""
        for entry, key in _going(document):
            if layout.removal_path(model, entry.version) in modes:
                continue
            day = day_of(entry.sunset)
            if day is not None and (day - today).days > reminder:
                turning.append(day - timedelta(days=reminder))
            else:
                findings.append(_finding(document, f"{model}@{entry.version}", entry, key, (day, today)))
    return Outlook(tuple(arranged(findings)), min(turning, default=None))


def _with_sunsets(snapshot: Snapshot, paths: Sequence[str]) -> Iterator[Document]:
    """Yield the files among these that name a sunset and can be read."""
    for start in range(0, len(paths), _CHUNK):
        chunk = paths[start : start + _CHUNK]
        telling = {
            path: layout.place(path)
            for path, data in zip(chunk, contents(snapshot, chunk), strict=True)
            if isinstance(data, bytes) and any(part in data for part in _TELLING)
        }
        yield from read_documents(snapshot, telling).values()


def _going(document: Document) -> Iterator[tuple[StageEntry, Key]]:
    """Yield the entries of versions that go: one that is archived is out of use, whatever its sunset."""
    if isinstance(document.record, StageTable):
        for entry, key in located(document, document.record):
            if entry.sunset and entry.stage != ARCHIVED:
                yield entry, key


def _finding(
    document: Document, version: str, entry: StageEntry, key: Key, when: tuple[date | None, date]
) -> Finding:
    day, today = when
    place = (*key, "sunset")
    if day is None:
        message = f"the sunset of {version} is no day"
        return document.finding("RB504", message, *place, hint=_anew(version), severity="warning")
    if today > day:
        message = f"{version} is in {entry.stage} still, and its sunset was {day}"
        hint = f'Take it out of use: rollbook archive {version} --reason "...". Or: {_anew(version)}'
        return document.finding("RB504", message, *place, hint=hint)
    message = f"{version} goes on {day}, which is {(day - today).days} days ahead"
    hint = f"Does nobody use it any more? Give it longer, if need be: {_anew(version)}"
    return document.finding("RB504", message, *place, hint=hint, severity="warning")


def _anew(version: str) -> str:
    return f'rollbook deprecate {version} --sunset DATE --reason "...".'
