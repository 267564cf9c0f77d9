"""Which environment a version is run in: the current one, or what its own requirements make."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from rollbook import layout
from rollbook.artifact.running.declared_environment import declared_environment
from rollbook.check.requirements_file import requirement_lines
from rollbook.errors import BadCall, Refused
from rollbook.text import decoded, printable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rollbook.registry.model_version import ModelVersion

Environment = Literal["current", "declared"]
ENVIRONMENTS: tuple[Environment, ...] = ("current", "declared")
_PYTHON = re.compile(r"3\.[0-9]{1,2}(?![0-9])")
# What a requirements file may say of where libraries come from. Others build, or take what is not on record.
_LAWFUL_OPTIONS = ("--index-url", "--extra-index-url", "-i ", "--hash", "#")


def interpreter_of(version: ModelVersion, environment: str) -> Path | None:
    """Return the interpreter to run a version with; None for the running one. Raises as `interpreter_for`."""
    if environment == "current":
        return None
    directory = layout.version_directory(version.model.name, version.version)
    (data,) = version.model.registry.snapshot.read_many([f"{directory}/{layout.REQUIREMENTS_TXT}"])
    return interpreter_for(environment, data, version.manifest.environment)


def interpreter_for(environment: str, requirements: bytes | None, declared: Mapping[str, Any]) -> Path | None:
    """Return the interpreter of an environment: None for the current one, else that of what the version
    declares, which is made when it isn't kept.

    Raises BadCall for another word and without requirements, Refused for those that are not pinned, and as
    `declared_environment` does.
    """
    if environment not in ENVIRONMENTS:
        raise BadCall(f"{environment[:40]!r} is no environment", hint=f"There is: {', '.join(ENVIRONMENTS)}.")
    if environment == "current":
        return None
    if requirements is None:
        hint = "Register with --requirements, or run it in the current environment."
        raise BadCall(f"the version declares no {layout.REQUIREMENTS_TXT}", hint=hint)
    if why := _not_installable(decoded(requirements)):
        hint = "Pin each library with ==, or run it in the current environment."
        raise Refused(f"the declared environment can't be made: {printable(why[:200])}", hint=hint)
    python = _PYTHON.match(str(declared.get("python") or ""))
    return declared_environment(requirements, python[0] if python else "").python


def _not_installable(text: str) -> str:
    """Return why requirements are not installed; empty where each is one version from an index."""
    for line in requirement_lines(text):
        if line.loose:
            return f"{line.text} {line.loose}"
        if not line.version:
            return f"{line.text} is an address, which would be built"
    for raw in text.splitlines():
        if raw.strip().startswith("-") and not raw.strip().startswith(_LAWFUL_OPTIONS):
            return f"the option {raw.strip()} is not taken"
    return ""
