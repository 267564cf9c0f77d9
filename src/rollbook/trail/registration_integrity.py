"""Whether what was registered stands on main as it was registered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.layout import Kind
from rollbook.trail.contradiction import Contradiction
from rollbook.trail.event import Action

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rollbook.registry.change import FileChange
    from rollbook.trail.event import Event
    from rollbook.trail.landings import LandedChange


def record_contradictions(
    changes: Iterable[LandedChange], events: Iterable[Event]
) -> Iterator[Contradiction]:
    """Yield the write-once files of registered versions that are on main otherwise than they first came
    there.

    Judged by git's object ids alone; what was put right again on main is right. A pointer may go, with the
    change that brings the record of its artifact's removal.
    """
    tags = {(event.model, event.version): event.tag for event in events if event.action is Action.REGISTERED}
    first: dict[str, FileChange] = {}
    last: dict[str, tuple[str, FileChange]] = {}
    for change in changes:
        released = {
            (file.place.model, file.place.version)
            for file in change.files
            if file.added and file.place.kind is Kind.REMOVAL
        }
        for file in change.files:
            place = file.place
            if file.removed and place.kind is Kind.POINTER and (place.model, place.version) in released:
                first.pop(file.path, None)
                last.pop(file.path, None)
            elif place.kind in layout.WRITE_ONCE:
                if file.path in first:
                    last[file.path] = change.commit, file
                else:
                    first[file.path] = file
    for path, (commit, file) in last.items():
        original = first[path]
        if (file.new_oid, file.new_mode) == (original.new_oid, original.new_mode):
            continue
        place = file.place
        tag = tags.get((place.model or "", place.version or ""), "")
        what = "removed" if file.removed else "changed"
        yield Contradiction(
            "RB611",
            tag,
            commit,
            f"{path} was {what} on main after it had landed",
            f"Put it back as it was: git cat-file blob {original.new_oid[:12]} prints it.",
            place.model or "",
        )
