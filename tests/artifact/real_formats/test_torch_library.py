"""TorchScript and exported programs: signatures, code and weights are those that PyTorch tells."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest

from artifact.formats.reading_samples import read

if TYPE_CHECKING:
    from pathlib import Path

torch = pytest.importorskip("torch")


def _module() -> Any:
    class Scorer(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.linear = torch.nn.Linear(4, 2)
            self.register_buffer("shift", torch.ones(2, dtype=torch.float64))

        def forward(self, rows: torch.Tensor, codes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return torch.relu(self.linear(rows)) + self.shift, codes.sum(1) > 0

    return Scorer().eval()


EXAMPLES = (torch.rand(3, 4), torch.ones(3, 5, dtype=torch.int32))


@pytest.mark.parametrize("way", ["script", "trace"])
def test_a_module_is_told_as_pytorch_loads_it(tmp_path: Path, way: str) -> None:
    module = _module()
    made = torch.jit.script(module) if way == "script" else torch.jit.trace(module, EXAMPLES)
    made.save(str(tmp_path / "model.pt"))
    found = read(tmp_path / "model.pt", "torchscript")
    loaded = torch.jit.load(str(tmp_path / "model.pt"))
    arguments = [argument.name for argument in loaded.forward.schema.arguments][1:]
    assert found.facts["forward"] == (
        f"({', '.join(f'{name}: Tensor' for name in arguments)}) -> Tuple[Tensor, Tensor]"
    )
    assert found.facts["tensors"] == len(loaded.state_dict())
    assert found.remarks == ()


def test_frozen_and_scripted_functions_are_told_too(tmp_path: Path) -> None:
    frozen = torch.jit.freeze(torch.jit.script(_module()))
    frozen.save(str(tmp_path / "frozen.pt"))
    assert "rows: Tensor" in str(read(tmp_path / "frozen.pt", "torchscript").facts["forward"])

    def doubled(values: torch.Tensor) -> torch.Tensor:
        return values * 2

    torch.jit.script(doubled).save(str(tmp_path / "function.pt"))
    assert read(tmp_path / "function.pt", "torchscript").facts["forward"] == "(values: Tensor) -> Tensor"


@pytest.mark.parametrize("is_dynamic", [True, False])
def test_a_program_is_told_as_pytorch_loads_it(tmp_path: Path, is_dynamic: bool) -> None:
    rows = torch.export.Dim("rows")
    shapes = ({0: rows}, {0: rows}) if is_dynamic else None
    program = torch.export.export(_module(), EXAMPLES, dynamic_shapes=shapes)
    torch.export.save(program, tmp_path / "model.pt2")
    found = read(tmp_path / "model.pt2", "torch-export")
    signature = program.graph_signature
    size = -1 if is_dynamic else 3
    assert found.inputs is not None
    assert [(each.name, each.dtype, each.shape) for each in found.inputs] == [
        ("rows", "float32", (size, 4)),
        ("codes", "int32", (size, 5)),
    ]
    assert [each.name for each in found.inputs] == [*signature.user_inputs]
    assert found.outputs is not None
    assert [(each.dtype, each.shape) for each in found.outputs] == [
        ("float64", (size, 2)),
        ("bool", (size,)),
    ]
    assert [each.name for each in found.outputs] == [*signature.user_outputs]
    assert found.facts["parameters"] == len(signature.parameters)
    assert found.facts["buffers"] == len(signature.buffers)
    assert found.framework == {"name": "torch", "version": torch.__version__}


def test_what_is_called_pickled_is_what_loading_unpickles(tmp_path: Path) -> None:
    torch.export.save(torch.export.export(_module(), EXAMPLES), tmp_path / "model.pt2")
    assert read(tmp_path / "model.pt2", "torch-export").facts["pickled"] == [
        "model/data/sample_inputs/model.pt"
    ]
    loader = inspect.getsource(torch._export.serde.serialize.deserialize_torch_artifact)
    assert "weights_only=False" in loader


def test_a_checkpoint_is_neither(tmp_path: Path) -> None:
    from rollbook.artifact.formats.detection import detect_format

    torch.save(_module().state_dict(), tmp_path / "weights.pt")
    assert detect_format(tmp_path / "weights.pt") == "pytorch"
