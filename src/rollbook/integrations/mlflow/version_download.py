"""The verified copy of a version that MLflow loads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.artifact.retrieval import fetch_version

if TYPE_CHECKING:
    from rollbook.git.repository import Repository
    from rollbook.registry.model_version import ModelVersion

_FOLDER = "rollbook/mlflow"


def downloaded(repository: Repository, version: ModelVersion) -> str:
    """Return where a verified copy of a version's artifact stands, in the git directory; each digest has one.

    Raises StorageFailed when the bytes can't be had or are not those registered.
    """
    home = repository.common_dir / _FOLDER
    place = home / version.artifact.sha256
    if not place.exists():
        home.mkdir(parents=True, exist_ok=True)
        fetch_version(version, place)
    return str(place)
