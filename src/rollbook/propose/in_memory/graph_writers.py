"""Graphs of ONNX, and models of the Hugging Face Hub's libraries with their weights as safetensors."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from rollbook.artifact.running.model_child import model_openers
from rollbook.artifact.running.model_child.loaders import onnx_session
from rollbook.propose.in_memory.written_model import WrittenModel, needed

if TYPE_CHECKING:
    from rollbook.propose.in_memory.written_model import WritingRequest

# What a message of protobuf's can hold (https://protobuf.dev/programming-guides/proto-limits/).
_MOST_MESSAGE = (2 << 30) - 1


def write_onnx(model: Any, request: WritingRequest) -> WrittenModel:
    """Write `model.onnx`; of a graph that no single message holds, a folder of it and its weights:
    https://onnx.ai/onnx/repo-docs/ExternalData.html"""
    library = needed("onnx", "onnx")
    path = request.folder / "model.onnx"
    if model.ByteSize() > _MOST_MESSAGE:
        path = request.folder / "model"
        path.mkdir()
        library.save_model(
            model, str(path / "model.onnx"), save_as_external_data=True, location="weights.bin"
        )
    else:
        library.save_model(model, str(path))
    if find_spec("onnxruntime") is None:
        return WrittenModel(path, None)
    return WrittenModel(path, lambda asked: onnx_session(model_openers.onnx(str(path), asked), asked))


def write_transformers(model: Any, request: WritingRequest) -> WrittenModel:
    """Write a folder as the Hub has them: configuration, weights as safetensors, and of a pipeline what else
    it needs. https://huggingface.co/docs/transformers/main_classes/model"""
    path = request.folder / "model"
    model.save_pretrained(str(path))
    return WrittenModel(path)
