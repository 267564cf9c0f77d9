"""The formats whose own readers run nothing that the file brings along."""

from __future__ import annotations

FORMATS_WITHOUT_CODE: frozenset[str] = frozenset(
    [
        *("onnx", "safetensors", "gguf", "tflite", "coreml", "catboost", "catboost-json", "skops"),
        *("xgboost-json", "xgboost-legacy", "xgboost-ubj", "lightgbm-json", "lightgbm-text", "json"),
    ]
)
