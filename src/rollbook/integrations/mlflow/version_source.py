"""Where the bytes of a version are that MLflow registers, and what it tells of them."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollbook.integrations.mlflow.catalogue import VERSION_TAG
from rollbook.propose.registration import Registration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@contextmanager
def registration_of(
    model: str,
    source: str,
    run_id: str | None,
    tags: Mapping[str, str],
    run_link: str | None,
    description: str | None,
    local_path: str | None,
    model_id: str | None,
) -> Iterator[Registration]:
    """Yield the registration of what `source` names, its files on this machine meanwhile."""
    from mlflow.artifacts import download_artifacts

    facts: dict[str, Any] = {}
    if description:
        facts["description"] = description
    rest = {key: value for key, value in tags.items() if key not in (VERSION_TAG, "version")}
    if rest:
        facts["tags"] = rest
    told = {"source": source, "run_id": run_id, "run_link": run_link, "model_id": model_id}
    facts["extra"] = {"mlflow": {key: value for key, value in told.items() if value}}
    with tempfile.TemporaryDirectory(prefix="rollbook-mlflow-") as folder:
        path = Path(local_path or download_artifacts(artifact_uri=source, dst_path=folder))
        yield Registration(
            model, path, version=tags.get(VERSION_TAG) or tags.get("version"), facts=facts, name="model"
        )
