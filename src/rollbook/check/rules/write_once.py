"""The rule that what was registered never changes: no edit, no removal, no late addition.

One thing may go: a pointer, in the same change that brings the record of its artifact's removal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.check.finding import Finding
from rollbook.layout import WRITE_ONCE, Kind, manifest_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.registry.change import FileChange

# Facts of the registration that a manifest can do without. Evidence is what is learnt later; a signature may
# be given later.
_OPTIONAL_FACTS = frozenset([Kind.SAMPLE_INPUT, Kind.REQUIREMENTS, Kind.IMPORT, Kind.PROVENANCE])
_INSTEAD = "Register what changed as a new version; put what was learnt later into notes.yaml or evidence."


def write_once_findings(changes: Sequence[FileChange], before: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what a change does to files that never change. `before` holds the base's paths."""
    added = {change.new_oid: change.path for change in changes if change.added}
    removed_manifests = {
        change.path for change in changes if change.removed and change.place.kind is Kind.MANIFEST
    }
    # Whether these removals are lawful is judged apart (`removal.py`).
    released = {
        (change.place.model, change.place.version)
        for change in changes
        if change.added and change.place.kind is Kind.REMOVAL
    }
    for change in changes:
        place = change.place
        if place.kind is Kind.ORIGIN and not change.added:
            yield _removed(change, added) if change.removed else _edited(change)
        if place.kind not in WRITE_ONCE or not place.model or not place.version:
            continue
        manifest = manifest_path(place.model, place.version)
        if change.removed:
            if change.path == manifest:
                yield _version_removed(change, place.version, added)
            elif place.kind is Kind.POINTER and (place.model, place.version) in released:
                continue
            elif manifest not in removed_manifests:
                yield _removed(change, added)
        elif not change.added:
            yield _edited(change)
        elif place.kind in _OPTIONAL_FACTS and manifest in before:
            message = "the file was added to a version that is registered already"
            yield Finding("RB301", change.path, message, hint=_INSTEAD)


def _edited(change: FileChange) -> Finding:
    if change.old_oid == change.new_oid:
        message = f"the file's mode went from {change.old_mode} to {change.new_mode}"
    elif change.old_mode[:2] != change.new_mode[:2]:
        message = "the file became something else"
    else:
        message = "the file was edited after it was registered"
    hint = f"Take the change back: git checkout BASE -- FILE. {_INSTEAD}"
    return Finding("RB301", change.path, message, hint=hint)


def _version_removed(change: FileChange, version: str, added: Mapping[str, str]) -> Finding:
    message = f"the version {version} was {_whither(change, added)}"
    return Finding(
        "RB302", change.path, message, hint="Put it back; retire a version with `rollbook archive`."
    )


def _removed(change: FileChange, added: Mapping[str, str]) -> Finding:
    message = f"the file was {_whither(change, added)}"
    return Finding("RB302", change.path, message, hint="Put it back: git checkout BASE -- FILE.")


def _whither(change: FileChange, added: Mapping[str, str]) -> str:
    target = added.get(change.old_oid)
    return f"moved to {target}" if target else "removed"
