"""Where artifacts are that `mlflow server` keeps for its clients, for a registry that runs inside of it."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from rollbook.errors import BadCall

# MLflow's server says so to its own processes: mlflow.server.constants.
_DESTINATION, _SERVES = "_MLFLOW_SERVER_ARTIFACT_DESTINATION", "_MLFLOW_SERVER_SERVE_ARTIFACTS"
_SCHEME = "mlflow-artifacts"


def readable_here(source: str) -> str:
    """Return where this process reads what `source` names: the same, but for what the server that this
    process is part of keeps for its clients (`mlflow-artifacts:`), which has no client of its own.

    Raises BadCall for a path that leads out of what the server keeps.
    """
    if not (os.environ.get(_DESTINATION) and os.environ.get(_SERVES) == "true"):
        return source
    place = _stored(source)
    if urlsplit(place).scheme != _SCHEME:
        return place
    from mlflow.exceptions import MlflowException
    from mlflow.utils.uri import append_to_uri_path, validate_path_is_safe

    try:
        path = validate_path_is_safe(urlsplit(place).path.lstrip("/"))
    except MlflowException as error:
        raise BadCall(f"{source[:200]!r} is no artifact of this server") from error
    return str(append_to_uri_path(os.environ[_DESTINATION], path))


def _stored(source: str) -> str:
    """Where the artifacts of a run or of a logged model are."""
    from mlflow.store.artifact.models_artifact_repo import ModelsArtifactRepository
    from mlflow.store.artifact.runs_artifact_repo import RunsArtifactRepository

    if RunsArtifactRepository.is_runs_uri(source):
        return str(RunsArtifactRepository.get_underlying_uri(source))
    if ModelsArtifactRepository._is_logged_model_uri(source):
        return str(ModelsArtifactRepository.get_underlying_uri(source))
    return source
