"""Which models may be run at all: nothing is unpickled, and no code that a file brings is run, unless its
bytes are trusted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
from rollbook.artifact.formats.detection import UNSAFE_FORMATS, detect_format
from rollbook.artifact.scan.scanning import scan
from rollbook.artifact.scan.verdict import ScanVerdict
from rollbook.errors import InvalidFile, Refused
from rollbook.yaml.strict import load

if TYPE_CHECKING:
    from rollbook.artifact.running.sandbox import Isolation

# torch.export's loader may fall back to unpickling (torch/_export/serde/serialize.py: weights_only=False).
_UNPICKLED = UNSAFE_FORMATS | {"torch-export"}
# What loads an MLflow model without unpickling: MLmodel's `loader_module`
# (https://mlflow.org/docs/latest/ml/model).
_PLAIN_LOADERS = frozenset(["mlflow.onnx", "mlflow.xgboost", "mlflow.lightgbm", "mlflow.catboost"])
# Whose operations read and write files
# (https://github.com/tensorflow/tensorflow/blob/master/SECURITY.md).
_TOUCHES_FILES = frozenset(["tf-saved-model"])
# What runs where it is loaded, though it is no pickle: a TorchScript program may set its own state
# (https://github.com/pytorch/pytorch/security/policy), and its operations may map files.
_RUNS_WHEN_LOADED = frozenset(["torchscript"])
_MOST_MLMODEL = 1 << 20
_HINT = "Run it with --trust if you know who made it: unpickling runs whatever the file says."


def require_trust(
    artifact: Path | ArtifactBytes, form: str, *, trust: bool, isolation: Isolation, how: str = _HINT
) -> None:
    """Raise Refused for a model that is unpickled, or brings code, unless it is trusted; for one whose graph
    may write files where the model is not kept from the user's; and, trusted or not, for an attack. `how`
    says how it is trusted."""
    if trust:
        _refuse_attack(artifact, form)
        return
    if form == "mlflow-model":
        if why := _why_mlflow(_files(artifact)):
            raise Refused(f"the model needs trust: {why}", hint=how)
    elif form in _TOUCHES_FILES and isolation != "bubblewrap":
        message = f"the model needs trust: nothing keeps it from your files here ({form})"
        raise Refused(message, hint="Install bubblewrap; or run it with --trust if you know who made it.")
    elif form in _UNPICKLED:
        raise Refused(f"the model needs trust: it is unpickled ({form})", hint=how)


def require_trust_in_this_process(artifact: Path, form: str, how: str) -> None:
    """Raise Refused for a model that is not trusted and does more where it is loaded than `require_trust`
    looks for: where nothing shuts it in, it has to be data alone, which a scan finds clean."""
    if form in _RUNS_WHEN_LOADED:
        raise Refused(f"the model needs trust: it may run what it brings ({form})", hint=how)
    report = scan(_as_bytes(artifact), form)
    # Which types skops rebuilds is for its own list to say, and for `trusted_types`.
    if form != "skops" and not report.is_clean:
        raise Refused(f"the model needs trust: {report.sentence()}", hint=how)
    if report.verdict is ScanVerdict.MALICIOUS:
        raise Refused(f"the model needs trust: {report.sentence()}", hint=how)


def _refuse_attack(artifact: Path | ArtifactBytes, form: str) -> None:
    """Raise Refused for what a scan finds to be malicious, which nobody makes who can be trusted."""
    report = scan(_as_bytes(artifact), form)
    if report.verdict is ScanVerdict.MALICIOUS:
        hint = "Do not run it; find out who made it. `rollbook scan` says more."
        raise Refused(f"the model is not run, trusted or not: {report.sentence()}", hint=hint)


def _as_bytes(artifact: Path | ArtifactBytes) -> ArtifactBytes:
    if not isinstance(artifact, Path):
        return artifact
    if artifact.is_dir():
        return ArtifactBytes(artifact.name, _files(artifact), is_folder=True)
    return ArtifactBytes(artifact.name, {artifact.name: artifact})


def _files(artifact: Path | ArtifactBytes) -> dict[str, Path]:
    if not isinstance(artifact, Path):
        return dict(artifact.files)
    return {path.relative_to(artifact).as_posix(): path for path in artifact.rglob("*") if path.is_file()}


def _why_mlflow(files: dict[str, Path]) -> str:
    """Return why an MLflow model is not to be run untrusted; empty for one that holds data only."""
    if "MLmodel" not in files or files["MLmodel"].stat().st_size > _MOST_MLMODEL:
        return "it has no MLmodel that can be read"
    try:
        content = load(files["MLmodel"].read_bytes(), "MLmodel")
    except InvalidFile:
        return "its MLmodel can't be read"
    flavors = content.get("flavors") if isinstance(content, dict) else None
    function = flavors.get("python_function") if isinstance(flavors, dict) else None
    loader = function.get("loader_module") if isinstance(function, dict) else None
    if not isinstance(loader, str) or loader not in _PLAIN_LOADERS:
        return f"it is loaded by {str(loader)[:60]!r}"
    if function is not None and function.get("code"):
        return "it brings code"
    for path, place in sorted(files.items()):
        if path.endswith(".py") or detect_format(place) in _UNPICKLED:
            return f"{path[:80]!r} in it is code, or is unpickled"
    return ""
