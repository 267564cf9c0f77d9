"""The file of a version's environment: as it was registered, beside a fetched artifact."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.errors import InvalidFile, NotFound

if TYPE_CHECKING:
    from rollbook.registry.model_version import ModelVersion

_NONE_ON_RECORD = "Of a new version: `rollbook register ... --requirements FILE`."


def environment_named(version: ModelVersion) -> tuple[str, str]:
    """Return the name of the file of a version's environment and its SHA-256, empty where none is told."""
    told = version.manifest.environment
    return str(told.get("requirements") or layout.REQUIREMENTS_TXT), str(told.get("sha256") or "")


def environment_file(version: ModelVersion) -> tuple[str, bytes]:
    """Return the name and the bytes of the file of a version's environment, which are those that its manifest
    names by their SHA-256.

    Raises NotFound where no such file is on record, InvalidFile where it is another one.
    """
    name, digest = environment_named(version)
    path = f"{layout.version_directory(version.model.name, version.version)}/{name}"
    (data,) = version.model.registry.snapshot.read_many([path])
    if data is None or name not in layout.ENVIRONMENT_FILES:
        raise NotFound(f"no file of its environment is on record of {version}", hint=_NONE_ON_RECORD)
    if digest != hashlib.sha256(data).hexdigest():
        raise InvalidFile(
            "it is not the file whose digest the manifest has",
            path=path,
            hint="Do not use it; see what changed: `rollbook check --all`, `rollbook audit verify`.",
        )
    return name, data
