"""The files of a version's verified copy, as MLflow's `HttpArtifactRepository` lists and reads them
(mlflow.store.artifact.http_artifact_repo)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook.errors import NotFound

if TYPE_CHECKING:
    from pathlib import Path


def copied_file(copy: Path, inner: str, called: str) -> Path:
    """Return where a file or folder stands in a version's copy; `called` is how the version is called.

    Raises NotFound for what isn't there, or would lead out of it.
    """
    root = copy.resolve()
    try:
        found = (root / inner).resolve()
        is_there = found.is_relative_to(root) and found.exists()
    except (OSError, ValueError):  # a name that no file can have
        is_there = False
    if not is_there:
        raise NotFound(f"{called[:120]} has no file {inner[:200]!r}")
    return found


def listed_files(folder: Path) -> list[dict[str, Any]]:
    """Return what is in a folder, by names and sizes in bytes; nothing for a file."""
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return [
        {"path": one.name, "is_dir": one.is_dir()}
        | ({} if one.is_dir() else {"file_size": one.stat().st_size})
        for one in found
    ]
