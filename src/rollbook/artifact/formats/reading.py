"""Which reader says what of an artifact in which format: the one table of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.artifact.formats import (
    catboost_model,
    gguf_file,
    hugging_face_folder,
    keras_archive,
    lightgbm_text,
    mlflow_folder,
    numpy_arrays,
    onnx_graph,
    pickle_stream,
    safetensors_file,
    saved_model_folder,
    skops_archive,
    tflite_file,
    torch_export_archive,
    torchscript_archive,
    xgboost_model,
)
from rollbook.artifact.formats.bounded_contents import bounded
from rollbook.artifact.formats.contents import Broken, Contents
from rollbook.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rollbook.artifact.formats.artifact_bytes import ArtifactBytes

READERS: Mapping[str, Callable[[ArtifactBytes], Contents]] = {
    "catboost": catboost_model.read_cbm,
    "catboost-json": catboost_model.read_json_model,
    "gguf": gguf_file.read,
    "hugging-face": hugging_face_folder.read,
    "keras": keras_archive.read,
    "lightgbm-json": lightgbm_text.read_dump,
    "lightgbm-text": lightgbm_text.read,
    "mlflow-model": mlflow_folder.read,
    "npy": numpy_arrays.read_array,
    "npz": numpy_arrays.read_archive,
    "onnx": onnx_graph.read,
    "joblib": pickle_stream.read_pickle,
    "pickle": pickle_stream.read_pickle,
    "pytorch": pickle_stream.read_pytorch,
    "safetensors": safetensors_file.read,
    "skops": skops_archive.read,
    "tf-saved-model": saved_model_folder.read,
    "tflite": tflite_file.read,
    "torch-export": torch_export_archive.read,
    "torchscript": torchscript_archive.read,
    "xgboost-json": xgboost_model.read_json,
    "xgboost-legacy": xgboost_model.read_legacy,
    "xgboost-ubj": xgboost_model.read_ubjson,
}

_LONGEST_REASON = 500  # characters


def read_contents(artifact: ArtifactBytes, form: str) -> Contents:
    """Return what an artifact in the format `form` says of itself, as far as a manifest can hold it; nothing
    where no reader knows the format.

    Raises Broken, with one line of text, for bytes that end too early or contradict themselves.
    """
    reader = READERS.get(form)
    if reader is None:
        return Contents()
    try:
        return bounded(reader(artifact))
    except Broken as error:
        raise Broken(one_line(str(error), _LONGEST_REASON)) from error
    except (OSError, RecursionError, MemoryError) as error:
        reason = one_line(str(error), _LONGEST_REASON) or type(error).__name__
        raise Broken(f"it can't be read as {form}: {reason}") from error
