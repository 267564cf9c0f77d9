"""What a model saved by MLflow says of itself, in its `MLmodel`: https://mlflow.org/docs/latest/ml/model.

Nothing of it is loaded: its flavours, its signature and its files are told by what is written there.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from rollbook.artifact.formats.contents import Broken, Contents
from rollbook.artifact.formats.detection import UNSAFE_FORMATS, detect_open_file
from rollbook.errors import BadCall, InvalidFile
from rollbook.records.mlflow_schema import of_mlflow, parameters_of
from rollbook.records.signature import Illegible
from rollbook.yaml.strict import MAX_BYTES, load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
    from rollbook.artifact.formats.contents import Fact

MARKER = "MLmodel"
_GENERIC = "python_function"  # the flavour that all share
_KEYS = ("mlflow_version", "run_id", "model_uuid", "model_id", "utc_time_created")
_FRAMEWORKS = {"sklearn": "scikit-learn"}  # where MLflow's word is another one
# What MLflow writes beside a model.
_OWN_FILES = frozenset(
    [
        *(MARKER, "conda.yaml", "python_env.yaml", "requirements.txt", "registered_model_meta"),
        *("input_example.json", "serving_input_example.json"),
    ]
)
_MOST_DETECTED = 200  # files
# What no file is known by: its format says nothing.
_PLAIN = frozenset(["binary", "json", "zip", "tar", "folder"])
_CODE_KEYS = ("code", "model_code_path")


def read(artifact: ArtifactBytes) -> Contents:
    """Read a folder's `MLmodel`. Raises Broken where it is no YAML of that kind, or its signature none."""
    document = _document(artifact)
    flavors = document.get("flavors")
    if not isinstance(flavors, dict) or not all(isinstance(flavor, dict) for flavor in flavors.values()):
        raise Broken(f"{MARKER} names no flavors")
    signature = document.get("signature")
    halves = signature if isinstance(signature, dict) else {}
    formats = _formats(artifact)
    try:
        columns, parameters = of_mlflow(halves), parameters_of(halves)
    except Illegible as error:
        raise Broken(f"its signature can't be read: {error}") from error
    facts: dict[str, Fact] = {
        **_facts(document, flavors),
        "params": {**parameters},
        "model_files": {**formats},
        "requirements": "requirements.txt" in artifact.files,
        "input_example": bool(_example(document)) and _example(document) in artifact.files,
    }
    return Contents(
        facts,
        _framework(flavors),
        columns["inputs"] or None,
        columns["outputs"] or None,
        remarks=tuple(_remarks(artifact, document, flavors, formats)),
    )


def _document(artifact: ArtifactBytes) -> dict[str, Any]:
    if MARKER not in artifact.files:
        raise Broken(f"{MARKER} is not there")
    try:
        document = load(artifact.read(MARKER, MAX_BYTES))
    except InvalidFile as error:
        raise Broken(f"{MARKER} can't be read: {error}") from error
    if not isinstance(document, dict):
        raise Broken(f"{MARKER} is no mapping")
    return document


def _facts(document: Mapping[str, Any], flavors: Mapping[str, Mapping[str, Any]]) -> dict[str, Fact]:
    facts: dict[str, Fact] = {key: str(document[key]) for key in _KEYS if document.get(key)}
    facts["flavors"] = {name: _version(name, flavor) for name, flavor in flavors.items()}
    generic = flavors.get(_GENERIC, {})
    for key in ("loader_module", "python_version"):
        if isinstance(generic.get(key), str):
            facts[key] = generic[key]
    metadata = document.get("metadata")
    if isinstance(metadata, dict):
        scalars = {key: value for key, value in metadata.items() if isinstance(value, str | int | float)}
        facts["metadata"] = {**scalars}
    return facts


def _version(name: str, flavor: Mapping[str, Any]) -> str:
    """Return the version of a flavour's library; MLflow's keys for it are `sklearn_version`, `xgb_version`,
    ..."""
    if name == _GENERIC:
        return str(flavor.get("python_version", ""))
    keys = sorted(key for key in flavor if key.endswith("_version") and key != "python_version")
    first = f"{name}_version" if f"{name}_version" in keys else next(iter(keys), "")
    return str(flavor.get(first, ""))


def _framework(flavors: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    for name, flavor in flavors.items():
        if name != _GENERIC:
            return {"name": _FRAMEWORKS.get(name, name), "version": _version(name, flavor)}
    return {}


def _formats(artifact: ArtifactBytes) -> dict[str, str]:
    """Name the format of each file that is not MLflow's own, as far as it is known by its content."""
    formats: dict[str, str] = {}
    files = [path for path in sorted(artifact.files) if path not in _OWN_FILES]
    for path in files[:_MOST_DETECTED]:
        try:
            with artifact.open(path) as file:
                found = detect_open_file(file, PurePosixPath(path).name)
        except BadCall as error:
            raise Broken(str(error)) from error
        if found not in _PLAIN:
            formats[path] = found
    return formats


def _example(document: Mapping[str, Any]) -> str:
    saved = document.get("saved_input_example_info")
    return str(saved.get("artifact_path", "")) if isinstance(saved, dict) else ""


def _remarks(
    artifact: ArtifactBytes,
    document: Mapping[str, Any],
    flavors: Mapping[str, Mapping[str, Any]],
    formats: Mapping[str, str],
) -> Iterator[str]:
    loader = flavors.get(_GENERIC, {}).get("loader_module")
    if isinstance(loader, str) and loader.partition(".")[0] != "mlflow":
        yield f"Loading it with MLflow imports and runs {loader[:100]!r}, which is not MLflow's own."
    codes = {
        str(flavor[key])[:100]
        for flavor in flavors.values()
        for key in _CODE_KEYS
        if isinstance(flavor.get(key), str)
    }
    if codes:
        yield f"It brings Python along, in {', '.join(sorted(codes)[:5])}: loading it with MLflow runs that."
    for path, found in [*formats.items()][:5]:
        if found not in UNSAFE_FORMATS:
            yield (
                f"Its file {path} is a model in the format {found}: registered alone, it is loaded without"
                " what MLflow may run."
            )
    if (example := _example(document)) and example not in artifact.files:
        yield f"{MARKER} names an input example, {example[:100]}, which is not there."
    if "requirements.txt" not in artifact.files:
        yield "It has no requirements.txt: with which libraries it was saved is not told."
