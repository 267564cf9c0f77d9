"""Rules about one path by itself: its name, what kind of thing stands there, and whether it has a place."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.check.finding import Finding
from rollbook.layout import Kind
from rollbook.names import WINDOWS_RESERVED, is_model_name, is_version
from rollbook.snapshot.snapshot import EXECUTABLE, FILE, LINK, SUBMODULE

if TYPE_CHECKING:
    from collections.abc import Iterator

# `<artifact>.dvc` with an artifact's name of 120 characters fits.
_LONGEST_NAME = 128
LONGEST_PATH = 400
_SAFE = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.+=@-]*")
_KINDS = {LINK: "a symbolic link", SUBMODULE: "a submodule", EXECUTABLE: "an executable file"}


def path_findings(path: str, mode: str) -> Iterator[Finding]:
    """Yield what is wrong with a path and the mode git gives it, whatever its content."""
    if reason := unsafe_name(path):
        yield Finding(
            "RB106", path, f"the name {reason}", hint="Rename it: letters, digits, `-`, `_` and `.`."
        )
    if mode == EXECUTABLE:
        yield Finding(
            "RB105",
            path,
            "the file is marked as executable",
            hint="Take the mark off: git update-index --chmod=-x FILE",
            severity="warning",
        )
    elif mode != FILE:
        kind = _KINDS.get(mode, "neither a file nor a folder")
        yield Finding("RB105", path, f"this is {kind}", hint="Put a regular file here, or remove it.")
        return
    place = layout.place(path)
    if place.kind is Kind.STRAY:
        yield _stray(path, place.model)
    elif place.version and not is_version(place.version):
        yield Finding(
            "RB104",
            path,
            "its directory is not named like a version",
            hint="Versions are semantic versions such as 1.2.0 or 2.0.0-rc.1 (no build metadata).",
        )


def _stray(path: str, model: str | None) -> Finding:
    if model and not is_model_name(model):
        return Finding(
            "RB104",
            path,
            "its directory is not named like a model",
            hint="Use ASCII letters, digits, `-` and `_`, at most 64 characters, and at most one `/`.",
        )
    return Finding(
        "RB104",
        path,
        "the layout of a registry has no place for this file",
        hint="Remove it, or keep it outside registry/; artifacts belong into the DVC remote.",
    )


def unsafe_name(path: str) -> str:
    """Why a path can't stand on every operating system or may mislead a reader; empty when it is safe."""
    if len(path) > LONGEST_PATH:
        return f"is {len(path)} characters long; {LONGEST_PATH} are safe"
    return next((reason for part in path.split("/") if (reason := _unsafe_part(part))), "")


@functools.lru_cache(maxsize=1 << 12)
def _unsafe_part(part: str) -> str:
    if len(part) > _LONGEST_NAME:
        return f"has a part of {len(part)} characters; {_LONGEST_NAME} are safe"
    if part.split(".", 1)[0].lower() in WINDOWS_RESERVED:
        return "is reserved on Windows"
    if part.endswith((".", " ")):
        return "ends in a dot or a space, which Windows drops"
    if _SAFE.fullmatch(part):
        return ""
    if not part.isascii():
        return "has characters beyond ASCII, which may look like others"
    if not part.isprintable():
        return "has control characters"
    return "starts with `-`" if part.startswith("-") else "has characters that are not safe everywhere"
