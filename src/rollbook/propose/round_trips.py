"""Stage changes that lead back to where they began: of several changes made one, they are none.

An entry of stages.yaml says since when a version is in its stage, and why. A version that left and came back
within one change never left main's stage, and its entry stays as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook.records.stages import NO_STAGES
from rollbook.yaml.edit import edit
from rollbook.yaml.strict import load

if TYPE_CHECKING:
    from collections.abc import Iterator


def without_round_trips(before: bytes, after: bytes, path: str) -> bytes:
    """Return a stages.yaml in which versions that stand in the stage that they had `before` have the entry of
    then, unless it was changed in place; the very bytes of before where nothing else differs."""
    stood = load(before, path) or {}
    kept = {(stage, entry.get("version")): entry for stage, entry in _entries(stood)}

    def change(document: Any) -> None:
        for stage, entry in _entries(document):
            old = kept.get((stage, entry.get("version")))
            if old is not None and _revision(entry) <= _revision(old):
                entry.clear()
                entry.update(old)

    edited = edit(after, change, path)
    return before if load(edited, path) == stood else edited


def _entries(document: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for stage, holders in document.items() if isinstance(document, dict) else ():
        if stage not in NO_STAGES:
            for entry in holders if isinstance(holders, list) else [holders]:
                if isinstance(entry, dict):
                    yield stage, entry


def _revision(entry: dict[str, Any]) -> int:
    revision = entry.get("revision", 0)
    return revision if isinstance(revision, int) else 0
