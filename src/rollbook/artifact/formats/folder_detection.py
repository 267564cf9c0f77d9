"""Tell what a folder is that has nothing in it which could run code, by the files at its root."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ONNX_SUFFIX = ".onnx"
INDEX_SUFFIX = ".safetensors.index.json"
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_MOST_CONFIG = 4 << 20  # bytes
# The configurations of the Hugging Face Hub's models, each with keys of which one is there.
_CONFIGS = {"config.json": ("model_type", "architectures"), "adapter_config.json": ("peft_type",)}


def format_of_root(files: Mapping[str, Path], formats: Mapping[str, str]) -> str:
    """Name the format of a folder of `files`, of which those at its root have the `formats`; empty when it is
    none that is known."""
    tensors = [path for path, form in formats.items() if form == "safetensors"]
    is_indexed = any(path.endswith(INDEX_SUFFIX) for path in formats)
    if tensors and any(_has_key(files, name, keys) for name, keys in _CONFIGS.items()):
        return "hugging-face"
    models = [path for path in formats if path.lower().endswith(ONNX_SUFFIX)]
    if len(models) == 1 and formats[models[0]] == "onnx":
        return "onnx"
    return "safetensors" if is_indexed or len(tensors) == 1 else ""


def _has_key(files: Mapping[str, Path], name: str, keys: tuple[str, ...]) -> bool:
    if name not in files:
        return False
    with os.fdopen(os.open(files[name], _OPEN), "rb") as file:
        data = file.read(_MOST_CONFIG)
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and any(key in document for key in keys)
