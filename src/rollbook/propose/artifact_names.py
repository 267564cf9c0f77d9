"""The name that an artifact gets in a registry, and one like it where it can't have its own."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePath
from typing import TYPE_CHECKING

from rollbook.artifact.pointer import TAKEN, unsafe_artifact_name
from rollbook.errors import BadCall
from rollbook.layout import FORMERLY_FREE
from rollbook.schema.schemas import violations

if TYPE_CHECKING:
    from pathlib import Path

# A manifest in which nothing is wrong but what is put into it: where nothing is, jsonschema is not needed.
_LAWFUL = {"model": "m", "version": "1.0.0", "created_at": "2026-01-01T00:00:00Z", "created_by": "nobody"}
_ARTIFACT = {"format": "binary", "size": 1, "sha256": "0" * 64}
_UNFIT = re.compile(r"[^A-Za-z0-9_.+=@-]+")
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,20}")
_LONGEST = 120


def artifact_name(path: Path, given: str | None = None) -> str:
    """Return the name that the artifact at `path` gets in the registry: `given`, else its own, also for `.`.

    Raises BadCall, proposing another, when a registry can't hold a file of that name.
    """
    name = given or path.name or path.absolute().name
    if reason := unlawful_name(name):
        hint = f"Give it another name in the registry, e.g. --as {lawful_name(name)}"
        raise BadCall(f"{name!r} can't be an artifact's name: {reason}", hint=hint)
    return name


def unlawful_name(name: str) -> str:
    """Say why a registry can't hold an artifact of that name; empty when it can."""
    if reason := unsafe_artifact_name(name):
        return reason
    if name.lower() in FORMERLY_FREE:
        return TAKEN
    wrong = violations("version", {**_LAWFUL, "artifact": {**_ARTIFACT, "path": name}})
    return next((item.message for item in wrong if item.path == ("artifact", "path")), "")


def lawful_name(name: str) -> str:
    """Return a name like `name` that a registry can hold: accents taken off, a dash for what it can't."""
    suffix = PurePath(name).suffix
    suffix = suffix if _SUFFIX.fullmatch(suffix) else ""
    plain = unicodedata.normalize("NFKD", name.removesuffix(suffix)).encode("ascii", "ignore").decode()
    stem = _UNFIT.sub("-", plain).strip(".-")[: _LONGEST - len(suffix)]
    found = f"{stem or 'model'}{suffix}"
    found = f"model{suffix}" if unlawful_name(found) else found
    return "model" if unlawful_name(found) else found
