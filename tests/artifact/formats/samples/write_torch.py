"""Write the samples of PyTorch's formats that hold code or a graph: `python write_torch.py`."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import torch

HERE = Path(__file__).parent


class Scorer(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(4, 2)

    def forward(self, rows: torch.Tensor, shift: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.relu(self.linear(rows)) + shift, rows.sum()


def _write() -> None:
    scorer = Scorer().eval()
    examples = (torch.rand(3, 4), torch.rand(3, 2))
    folder = HERE / "torchscript"
    folder.mkdir(exist_ok=True)
    torch.jit.script(scorer).save(folder / "scripted.pt", _extra_files={"labels.txt": "no,yes"})
    torch.jit.trace(scorer, examples).save(folder / "traced.pt")
    for path in folder.iterdir():
        _drop_traces(path)
    rows = torch.export.Dim("rows")
    program = torch.export.export(scorer, examples, dynamic_shapes=({0: rows}, {0: rows}))
    folder = HERE / "torch-export"
    folder.mkdir(exist_ok=True)
    torch.export.save(program, folder / "dynamic.pt2")
    _drop_traces(folder / "dynamic.pt2")
    _write_old(folder)


def _drop_traces(path: Path) -> None:
    """Write an archive anew without the paths of the machine that it was made on."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            if name.endswith("models/model.json"):
                program = json.loads(content)
                for node in program["graph_module"]["graph"]["nodes"]:
                    node["metadata"].pop("stack_trace", None)
                archive.writestr(name, json.dumps(program))
            elif not name.endswith(".debug_pkl"):
                archive.writestr(name, content)


def _write_old(folder: Path) -> None:
    """Arrange the same as PyTorch up to 2.6 did."""
    with (
        zipfile.ZipFile(folder / "dynamic.pt2") as new,
        zipfile.ZipFile(folder / "old.pt2", "w", zipfile.ZIP_DEFLATED) as old,
    ):
        old.writestr("serialized_exported_program.json", new.read("dynamic/models/model.json"))
        old.writestr("serialized_state_dict.pt", b"")
        old.writestr("serialized_constants.pt", b"")
        old.writestr("serialized_example_inputs.pt", new.read("dynamic/data/sample_inputs/model.pt"))
        old.writestr("version", "8.2")


if __name__ == "__main__":
    _write()
