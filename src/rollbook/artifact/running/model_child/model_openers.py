"""How a model's file or folder of each format becomes the object that its library knows.

An opener takes the path and the request, of which `trust` and `trusted_types` matter here. What is opened in
the process of its own and what a program gets in its own is opened by these alone.
"""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

from .model_rows import Failed, library


def only_file(path: str, suffix: str) -> str:
    """Return the file that a folder holds with that ending; the path itself where it is a file."""
    if not Path(path).is_dir():
        return path
    found = [str(file) for file in Path(path).rglob(f"*{suffix}")]
    if len(found) != 1:
        raise Failed("format", f"the folder holds {len(found)} files of the kind {suffix}; one is needed")
    return found[0]


def onnx(path: str, request: dict[str, Any]) -> Any:
    """https://onnxruntime.ai/docs/api/python/api_summary.html"""
    runtime = library("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    return runtime.InferenceSession(only_file(path, ".onnx"), options, providers=["CPUExecutionProvider"])


def skops(path: str, request: dict[str, Any]) -> Any:
    """Return what a file holds, unless it needs types that nobody trusts.

    https://skops.readthedocs.io/en/stable/persistence.html
    """
    persistence = library("skops.io")
    foreign = persistence.get_untrusted_types(file=path)
    given = foreign if request["trust"] else [name for name in foreign if name in request["trusted_types"]]
    if refused := [name for name in foreign if name not in given]:
        raise Failed("trust", f"it needs types that skops does not know: {', '.join(sorted(refused)[:8])}")
    return persistence.load(path, trusted=given)


def joblib(path: str, request: dict[str, Any]) -> Any:
    """https://joblib.readthedocs.io/en/stable/persistence.html"""
    return library("joblib").load(path)


def pickled(path: str, request: dict[str, Any]) -> Any:
    """https://docs.python.org/3/library/pickle.html"""
    with Path(path).open("rb") as file:
        return pickle.load(file)  # noqa: S301 - only what is trusted comes here


def xgboost(path: str, request: dict[str, Any]) -> Any:
    """https://xgboost.readthedocs.io/en/stable/python/python_api.html"""
    return library("xgboost").Booster(model_file=path)


def lightgbm(path: str, request: dict[str, Any]) -> Any:
    """https://lightgbm.readthedocs.io/en/stable/Python-API.html"""
    return library("lightgbm").Booster(model_file=path)


def catboost(path: str, request: dict[str, Any]) -> Any:
    """https://catboost.ai/docs/en/concepts/python-reference_catboost_load_model"""
    return library("catboost").CatBoost().load_model(path, format="cbm")


def torchscript(path: str, request: dict[str, Any]) -> Any:
    """https://docs.pytorch.org/docs/stable/generated/torch.jit.load.html"""
    return library("torch").jit.load(path, map_location="cpu").eval()


def torch_export(path: str, request: dict[str, Any]) -> Any:
    """https://docs.pytorch.org/docs/stable/export.html"""
    library("torch")
    return library("torch.export").load(path).module()


def pytorch(path: str, request: dict[str, Any]) -> Any:
    """https://docs.pytorch.org/docs/stable/generated/torch.load.html"""
    return library("torch").load(path, map_location="cpu", weights_only=False)


def keras(path: str, request: dict[str, Any]) -> Any:
    """https://keras.io/api/models/model_saving_apis/"""
    return library("keras").models.load_model(path, compile=False, safe_mode=not request["trust"])


def saved_model(path: str, request: dict[str, Any]) -> Any:
    """https://www.tensorflow.org/guide/saved_model"""
    return library("tensorflow").saved_model.load(path)


def mlflow_model(path: str, request: dict[str, Any]) -> Any:
    """https://mlflow.org/docs/latest/api_reference/python_api/mlflow.pyfunc.html"""
    library("mlflow")
    return library("mlflow.pyfunc").load_model(path)


def safetensors(path: str, request: dict[str, Any]) -> Any:
    """Return the tensors by name, as arrays of NumPy's; as PyTorch's where one has a type that NumPy lacks.

    https://huggingface.co/docs/safetensors/api/numpy
    """
    library("safetensors")
    tensors = {}
    for file in [path] if Path(path).is_file() else sorted(map(str, Path(path).rglob("*.safetensors"))):
        try:
            tensors.update(library("safetensors.numpy").load(Path(file).read_bytes()))
        except (KeyError, TypeError, AttributeError):
            tensors.update(library("safetensors.torch").load(Path(file).read_bytes()))
    return tensors


def transformers(path: str, request: dict[str, Any]) -> Any:
    """Return the model of the class that its configuration names; code in the folder is never run.

    https://huggingface.co/docs/transformers/main_classes/model
    """
    library_module = library("transformers")
    told = Path(path, "config.json")
    names = json.loads(told.read_bytes()).get("architectures") if told.is_file() else None
    kind = getattr(library_module, str(names[0]), None) if isinstance(names, list) and names else None
    is_model = isinstance(kind, type) and issubclass(kind, library_module.PreTrainedModel)
    chosen: Any = kind if is_model else library_module.AutoModel
    return chosen.from_pretrained(
        path, local_files_only=True, trust_remote_code=False, use_safetensors=True, weights_only=True
    )
