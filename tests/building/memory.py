"""A registry whose files are a dictionary: for properties that look at very many small registries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from building.texts import POLICY, model
from rollbook import Registry
from rollbook.snapshot.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Files(Snapshot):
    """A Snapshot of files that stand nowhere."""

    label = "memory"
    commit: str | None = "0" * 40

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files

    def modes(self, directory: str) -> dict[str, str]:
        return {path: "100644" for path in self._files if path.startswith(f"{directory}/")}

    def children(self, directories: Sequence[str]) -> list[dict[str, bool]]:
        return [self._children(f"{directory}/") for directory in directories]

    def _children(self, start: str) -> dict[str, bool]:
        below = [path.removeprefix(start) for path in self._files if path.startswith(start)]
        return {path.partition("/")[0]: "/" in path for path in below}

    def read_many(self, paths: Sequence[str]) -> list[bytes | None]:
        return [self._files[path].encode() if path in self._files else None for path in paths]

    def mode(self, path: str) -> str | None:
        return "100644" if path in self._files else None

    def close(self) -> None:
        """Nothing is held open."""


def registry_of(
    manifests: Mapping[str, Mapping[str, Any]],
    stages: Mapping[str, str] | None = None,
    more: Mapping[str, str] | None = None,
) -> Registry:
    """A registry of these versions, such as `m@1.0.0`, each with some fields of its manifest; `stages` are
    the `stages.yaml` of models, `more` is any other file by its path."""
    files = {"registry/policy.yaml": POLICY}
    for reference, facts in manifests.items():
        name, _, version = reference.partition("@")
        files[f"registry/{name}/model.yaml"] = model(name)
        files[f"registry/{name}/versions/{version}/version.yaml"] = yaml.safe_dump(
            {**_required(name, version), **facts}, allow_unicode=True
        )
    for name, text in (stages or {}).items():
        files[f"registry/{name}/stages.yaml"] = text
    files |= more or {}
    return Registry(None, Files(files))


def _required(name: str, version: str) -> dict[str, Any]:
    artifact = {"path": "model.onnx", "format": "onnx", "size": 12, "sha256": "a" * 64}
    return {
        "model": name,
        "version": version,
        "created_at": "2026-01-01T09:00:00Z",
        "created_by": "jane@example.com",
        "artifact": artifact,
    }
