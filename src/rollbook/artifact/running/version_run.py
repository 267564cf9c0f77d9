"""A registered version run on rows: its artifact is brought, verified, and run as its manifest says."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.artifact.retrieval import fetch_version
from rollbook.artifact.running.bounded_process import Limits
from rollbook.artifact.running.model_run import run_model
from rollbook.records.signature import Illegible, columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from rollbook.artifact.running.model_run import ModelRun, Rows
    from rollbook.records.signature import Column
    from rollbook.registry.model_version import ModelVersion


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How a model is run: whether its bytes are trusted, or types that skops does not know; within which
    limits; how often the rows are predicted again; by which interpreter, None for the running one."""

    trust: bool = False
    trusted_types: Sequence[str] = ()
    limits: Limits = field(default_factory=Limits)
    repeats: int = 20
    python: Path | None = None


def run_version(
    version: ModelVersion, rows: Rows, settings: RunSettings, *, remote: str | None = None
) -> ModelRun:
    """Bring a version's artifact and run it. Raises as `fetch_version` and `run_model` do."""
    with tempfile.TemporaryDirectory(prefix="rollbook-") as folder:
        artifact = fetch_version(version, Path(folder), remote=remote)
        return run_artifact(artifact, version.artifact.format, version.manifest.signature, rows, settings)


def run_artifact(
    artifact: Path, form: str, signature: Mapping[str, Any], rows: Rows, settings: RunSettings
) -> ModelRun:
    """Run an artifact that is at hand, fed by its signature. Raises as `run_model` does."""
    return run_model(
        artifact,
        form,
        rows,
        inputs=tuple(signature_columns(signature, "inputs").values()),
        trust=settings.trust,
        trusted_types=settings.trusted_types,
        limits=settings.limits,
        python=settings.python,
        repeats=settings.repeats,
    )


def signature_columns(signature: Mapping[str, Any], side: str) -> Mapping[str, Column]:
    """Return one half of a signature by its names; nothing where it can't be read, as the check says."""
    try:
        return columns(signature, side)
    except Illegible:
        return {}
