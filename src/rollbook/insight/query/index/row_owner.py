"""What a path means to the index: the model and version it belongs to, and whether it makes them exist."""

from __future__ import annotations

from typing import NamedTuple

from rollbook import layout
from rollbook.layout import Kind
from rollbook.names import precedence

_OTHER_KINDS = frozenset([Kind.POLICY, Kind.MODEL, Kind.STAGES])
_VERSION_KINDS = frozenset([Kind.MANIFEST, Kind.NOTES, Kind.EVIDENCE, Kind.REMOVAL])


class Indexed(NamedTuple):
    """A path's meaning. `model` is the model that the file makes exist, `version` the version, and `kind` is
    None for a file whose content says nothing to the index."""

    model: str | None
    version: str | None
    kind: Kind | None


def indexed(path: str) -> Indexed:
    """Return what a path below `registry/` means."""
    model, place = layout.model_made_by(path), layout.place(path)
    version = place.version if model is not None else None
    kinds = _VERSION_KINDS if version is not None else _OTHER_KINDS
    return Indexed(model, version, place.kind if place.kind in kinds else None)


def sort_key(version: str) -> str:
    """Return a text that sorts, character by character, as the version does by precedence; no two have the
    same.
    """
    *numbers, is_release, identifiers = precedence(version)
    core = ".".join(_digits(number) for number in numbers)
    if is_release:
        return f"{core}~"
    # A blank sorts before all that an identifier may hold, so that a shorter list comes first.
    written = (f"1{word}" if is_word else f"0{_digits(number)}" for is_word, number, word in identifiers)
    return f"{core}-{' '.join(written)}"


def _digits(number: int) -> str:
    """Return a number so that more digits sort later."""
    digits = str(number)
    return f"{chr(ord('a') + len(digits))}{digits}"
