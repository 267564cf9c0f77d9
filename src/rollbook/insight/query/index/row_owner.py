"""What a path means to the index: the model and version it belongs to, and whether it makes them exist.

The rules are those by which `rollbook.registry` finds models and versions in a snapshot.
"""

from __future__ import annotations

from typing import NamedTuple

from rollbook import layout
from rollbook.layout import Kind
from rollbook.names import is_model_name, is_version, precedence

_MODEL_FILES = frozenset(["model.yaml", "stages.yaml"])
_VERSION_KINDS = frozenset([Kind.MANIFEST, Kind.NOTES, Kind.EVIDENCE, Kind.REMOVAL])


class Indexed(NamedTuple):
    """A path's meaning. `model` is the model that the file makes exist, `version` the version, and `kind` is
    None for a file whose content says nothing to the index."""

    model: str | None
    version: str | None
    kind: Kind | None


_NOTHING = Indexed(None, None, None)


def indexed(path: str) -> Indexed:
    """What a path below `registry/` means."""
    if path == layout.POLICY:
        return Indexed(None, None, Kind.POLICY)
    parts = path.split("/")
    for size in (2, 3):  # a model's name has one part or two
        if _holds(parts[size:]):
            model = "/".join(parts[1:size])
            return _of_model(path, model, parts[size:]) if is_model_name(model) else _NOTHING
    return _NOTHING


def _holds(below: list[str]) -> bool:
    """Whether a file at this place in a folder makes the folder a model."""
    return bool(below) and (below[0] in _MODEL_FILES or (below[0] == "versions" and len(below) > 1))


def _of_model(path: str, model: str, below: list[str]) -> Indexed:
    kind: Kind | None = layout.place(path).kind
    if below[0] != "versions":
        return Indexed(model, None, kind if kind in (Kind.MODEL, Kind.STAGES) else None)
    if len(below) < 3 or not is_version(below[1]):
        return Indexed(model, None, None)
    return Indexed(model, below[1], kind if kind in _VERSION_KINDS else None)


def sort_key(version: str) -> str:
    """A text that sorts, character by character, as the version does by precedence; no two have the same."""
    *numbers, is_release, identifiers = precedence(version)
    core = ".".join(_digits(number) for number in numbers)
    if is_release:
        return f"{core}~"
    # A blank sorts before all that an identifier may hold, so that a shorter list comes first.
    written = (f"1{word}" if is_word else f"0{_digits(number)}" for is_word, number, word in identifiers)
    return f"{core}-{' '.join(written)}"


def _digits(number: int) -> str:
    """A number so that more digits sort later."""
    digits = str(number)
    return f"{chr(ord('a') + len(digits))}{digits}"
