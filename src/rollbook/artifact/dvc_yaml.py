"""The `artifacts:` of `dvc.yaml`, by which DVC finds a model's bytes at a revision.

`dvc artifacts get URL MODEL --rev v1.2.0` goes to the tag `MODEL@v1.2.0` and takes there the path that the
root's dvc.yaml gives for MODEL (https://dvc.org/doc/user-guide/project-structure/dvcyaml-files#artifacts).
All else in the file is the team's own, and stays as it is written.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.errors import InvalidFile
from rollbook.layout import DVC_YAML
from rollbook.yaml.edit import edit
from rollbook.yaml.strict import load

if TYPE_CHECKING:
    from collections.abc import Mapping

ARTIFACTS = "artifacts"


def artifact_path(model: str, version: str, artifact: str) -> str:
    """Return the path that a model's entry has at the commit that registers `version`."""
    return f"{layout.version_directory(model, version)}/{artifact}"


def entries(data: bytes | None) -> Mapping[str, Any]:
    """Return the entries by name, as they stand in the file; none without a file.

    Raises InvalidFile when it isn't strict YAML, or `artifacts` is no mapping.
    """
    whole = {} if data is None else load(data, DVC_YAML)
    artifacts = {} if whole is None else whole.get(ARTIFACTS, {}) if isinstance(whole, dict) else None
    if not isinstance(artifacts, dict):
        hint = f"DVC asks for a mapping of names to artifacts under `{ARTIFACTS}`."
        raise InvalidFile("a mapping is needed here", path=DVC_YAML, key=ARTIFACTS, hint=hint)
    return artifacts


def entry_path(entry: object) -> str | None:
    """Return the path that an entry gives; None when it gives none."""
    path = entry.get("path") if isinstance(entry, dict) else None
    return path if isinstance(path, str) else None


def with_paths(data: bytes | None, paths: Mapping[str, str]) -> bytes:
    """Return the file with these paths, by model; the very same bytes when it has them already.

    A new entry goes before the first name that sorts after its own, three lines of its own, so that git
    merges two changes unless both write to one place. Raises InvalidFile as `entries` does, and when
    the file can't be edited without changing what else it says.
    """
    standing = entries(data)
    missing = {name: path for name, path in sorted(paths.items()) if entry_path(standing.get(name)) != path}
    if not missing:
        return data or b""

    def change(document: Any) -> None:
        standing = document.get(ARTIFACTS)
        if not isinstance(standing, dict):
            standing = document[ARTIFACTS] = {}
        for name, path in missing.items():
            if isinstance(standing.get(name), dict):
                standing[name]["path"] = path
            else:
                _put_in_order(standing, name, {"path": path, "type": "model"})

    return edit(data or b"", change, DVC_YAML)


def _put_in_order(standing: dict[str, Any], name: str, entry: dict[str, str]) -> None:
    """Put an entry before the first name that sorts after its own."""
    standing.pop(name, None)
    following = list(itertools.dropwhile(lambda other: other[0] < name, standing.items()))
    standing[name] = entry
    for other, kept in following:
        del standing[other]
        standing[other] = kept
