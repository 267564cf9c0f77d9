"""What the folder of a model that MLflow saved says beside its `MLmodel`'s signature: environment, algorithm.

The files: https://mlflow.org/docs/latest/ml/model/#model-format
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook.artifact.formats.contents import Broken
from rollbook.errors import InvalidFile
from rollbook.layout import REQUIREMENTS_TXT
from rollbook.propose.manifest_facts import sha256
from rollbook.snapshot.snapshot import MAX_FILE
from rollbook.transfer.mlflow.run_facts import MlflowFacts
from rollbook.transfer.mlflow.stranger_text import kept_line
from rollbook.yaml.strict import MAX_BYTES, load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.artifact.formats.artifact_bytes import ArtifactBytes

MARKER = "MLmodel"
_GENERIC = "python_function"
_PYTHON_ENV = "python_env.yaml"
# Where the flavours say which class the model is of.
_CLASS_KEYS = ("model_class", "model_type", "pipeline_model_type", "booster_class")


def model_folder_facts(artifact: ArtifactBytes) -> tuple[MlflowFacts, dict[str, bytes]]:
    """Return what the files of a model say, and those that go beside the manifest, by name; nothing of what
    is no such folder."""
    document = _mapping(artifact, MARKER)
    flavors = document.get("flavors")
    flavors = flavors if isinstance(flavors, dict) else {}
    environment: dict[str, Any] = {}
    attachments: dict[str, bytes] = {}
    left_out: tuple[str, ...] = ()
    if python := _python(artifact, flavors):
        environment["python"] = python
    if document and REQUIREMENTS_TXT in artifact.files:
        data, reason = _requirements(artifact)
        if reason:
            left_out = (f"{REQUIREMENTS_TXT}: {reason}",)
        else:
            attachments[REQUIREMENTS_TXT] = data
            environment |= {"requirements": REQUIREMENTS_TXT, "sha256": sha256(data)}
    fields: dict[str, Any] = {"environment": environment} if environment else {}
    if algorithm := _algorithm(flavors):
        fields["algorithm"] = algorithm
    return MlflowFacts(fields, {}, left_out), attachments


def saved_by(artifact: ArtifactBytes) -> tuple[str, str]:
    """Return the ids of the run and of the logged model that an `MLmodel` names, each empty without."""
    document = _mapping(artifact, MARKER)
    run, model = document.get("run_id"), document.get("model_id")
    return (run if isinstance(run, str) else "", model if isinstance(model, str) else "")


def _mapping(artifact: ArtifactBytes, path: str) -> dict[str, Any]:
    if not artifact.is_folder or path not in artifact.files:
        return {}
    try:
        found = load(artifact.read(path, MAX_BYTES))
    except (InvalidFile, Broken):
        return {}
    return found if isinstance(found, dict) else {}


def _python(artifact: ArtifactBytes, flavors: Mapping[str, Any]) -> str:
    generic = flavors.get(_GENERIC)
    told = generic.get("python_version") if isinstance(generic, dict) else None
    return kept_line(told or _mapping(artifact, _PYTHON_ENV).get("python") or "")


def _requirements(artifact: ArtifactBytes) -> tuple[bytes, str]:
    """Return the requirements; or why they can't stand beside the manifest."""
    try:
        data = artifact.read(REQUIREMENTS_TXT, MAX_FILE)
        data.decode("utf-8")
    except Broken:
        return b"", f"more than {MAX_FILE:,} bytes"
    except UnicodeDecodeError:
        return b"", "no UTF-8"
    return (data, "") if data.strip() else (b"", "empty")


def _algorithm(flavors: Mapping[str, Any]) -> str:
    for name, flavor in flavors.items():
        if name == _GENERIC or not isinstance(flavor, dict):
            continue
        for key in _CLASS_KEYS:
            if isinstance(flavor.get(key), str):
                return kept_line(flavor[key]).rpartition(".")[2]
    return ""
