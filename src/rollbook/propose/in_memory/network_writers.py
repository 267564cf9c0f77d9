"""Networks of PyTorch and Keras."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from rollbook.artifact.running.model_child.loaders import keras_model, torch_module
from rollbook.artifact.running.model_child.model_rows import Rows
from rollbook.errors import BadCall, Refused
from rollbook.propose.in_memory.written_model import WrittenModel, needed
from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.propose.in_memory.written_model import WritingRequest

_TRACED = "traced on the sample: where branches depend on the data, it has only the way that the sample took"
_WEIGHTS = "it holds weights alone, and can't be run by itself"
_MAY_UNPICKLE = "whoever loads it has to trust it: PyTorch may unpickle what is in it"
_PICKLED = "whoever loads it runs what it says, and needs the class's code: it is unpickled"
_LONGEST_REASON = 200
_OTHERS = 'Or ask for another format: "torch-export" or "pytorch", which whoever loads it has to trust, or '
_OTHERS += '"safetensors", which holds weights alone.'


def write_torchscript(model: Any, request: WritingRequest) -> WrittenModel:
    """Write `model.pt`: scripted, or where that can't be, traced on the sample.

    https://docs.pytorch.org/docs/stable/generated/torch.jit.script.html,
    https://docs.pytorch.org/docs/stable/generated/torch.jit.trace.html
    Raises Refused for what is neither scripted nor, without a sample, traced.
    """
    torch, path, remarks = needed("torch", "'rollbook[torch]'"), request.folder / "model.pt", []
    with _still(model) as still, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            made = still if isinstance(still, torch.jit.ScriptModule) else torch.jit.script(still)
        except Exception as error:
            if request.sample is None:
                said = printable(" ".join(str(error).split())[:_LONGEST_REASON])
                hint = f"Give a sample_input, on which it is traced. {_OTHERS}"
                raise Refused(f"the network can't be scripted: {said}", hint=hint) from error
            made = torch.jit.trace(still, _tensors(torch, model, request))
            remarks.append(_TRACED)
        torch.jit.save(made, str(path))
    return WrittenModel(path, _asker(torch, model, str(path)), remarks=remarks)


def write_torch_export(model: Any, request: WritingRequest) -> WrittenModel:
    """Write `model.pt2`, the rows of any number: https://docs.pytorch.org/docs/stable/export.html"""
    torch, path = needed("torch", "'rollbook[torch]'"), request.folder / "model.pt2"
    export = needed("torch.export", "'rollbook[torch]'")
    program = model
    if isinstance(model, torch.nn.Module):
        if request.sample is None:
            raise BadCall("torch.export needs a sample", hint="Give a sample_input.")
        with _still(model) as still:
            tensors = _tensors(torch, model, request)
            rows = export.Dim("rows")
            dynamic = tuple({0: rows} for _ in tensors) if len(request.sample.cells) > 1 else None
            program = export.export(still, tensors, dynamic_shapes=dynamic)
    export.save(program, str(path))
    asked = model if isinstance(model, torch.nn.Module) else program.module()
    return WrittenModel(path, _asker(torch, asked, ""), needs_trust=True, remarks=[_MAY_UNPICKLE])


def write_pytorch(model: Any, request: WritingRequest) -> WrittenModel:
    """Write `model.pth`, a pickle: https://docs.pytorch.org/docs/stable/generated/torch.save.html"""
    torch, path = needed("torch", "'rollbook[torch]'"), request.folder / "model.pth"
    torch.save(model, path)
    return WrittenModel(path, _asker(torch, model, ""), needs_trust=True, remarks=[_PICKLED])


def write_safetensors(model: Any, request: WritingRequest) -> WrittenModel:
    """Write `model.safetensors`, its weights: https://huggingface.co/docs/safetensors/api/torch"""
    torch, written = needed("torch", "'rollbook[torch]'"), needed("safetensors.torch", "safetensors")
    path = request.folder / "model.safetensors"
    if isinstance(model, torch.nn.Module):
        written.save_model(model, str(path))
    else:
        written.save_file(dict(model), str(path))
    return WrittenModel(path, remarks=[_WEIGHTS])


def write_keras(model: Any, request: WritingRequest) -> WrittenModel:
    """Write `model.keras`: https://keras.io/api/models/model_saving_apis/"""
    path = request.folder / "model.keras"
    model.save(path)
    return WrittenModel(path, partial(keras_model, model))


@contextmanager
def _still(model: Any) -> Iterator[Any]:
    """Lend a network as it is used, not trained; each of its modules is then as it was before."""
    before = [(module, module.training) for module in model.modules()]
    try:
        yield model.eval()
    finally:
        for module, training in before:
            module.training = training


def _tensors(torch: Any, model: Any, request: WritingRequest) -> tuple[Any, ...]:
    """Return the sample as the tensors that the network is called with, on its own device."""
    assert request.sample is not None
    rows = Rows(_asked(request))
    several = rows.tensors()
    arrays = [rows.single()] if several is None else [*several.values()]
    first = next(iter(model.parameters()), None)
    return tuple(torch.from_numpy(one).to("cpu" if first is None else first.device) for one in arrays)


def _asked(request: WritingRequest) -> dict[str, Any]:
    assert request.sample is not None
    return request.sample.as_request()


def _asker(torch: Any, model: Any, path: str) -> Any:
    """Return how a network is asked; of one on another device than the processor, what was written."""

    def ask(asked: dict[str, Any]) -> Any:
        module = model
        if path and any(one.device.type != "cpu" for one in model.parameters()):
            module = torch.jit.load(path, map_location="cpu")
        prepare = torch_module(module, asked)

        def prepared() -> Any:
            answer = prepare()

            def still() -> Any:
                with _still(module):
                    return answer()

            return still

        return prepared

    return ask
