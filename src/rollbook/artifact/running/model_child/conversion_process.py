"""What runs in the process that converts: reads one model, and writes it in another format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .converters import CONVERTERS
from .model_process import guarded, serve, versions


def convert(request: dict[str, Any]) -> dict[str, Any]:
    """Convert, write the file, and return the answer."""
    work, libraries = CONVERTERS[request["format"], request["target"]]
    made = guarded("convert", lambda: work(request["path"], request))
    guarded("convert", lambda: Path(request["output"]).write_bytes(made.data))
    return {
        "size": len(made.data),
        "inputs": made.inputs,
        "outputs": made.outputs,
        "trusted_types": list(made.trusted_types),
        "tensors": made.tensors,
        "counterparts": dict(made.counterparts),
        "notes": list(made.notes),
        "versions": versions(*libraries),
    }


def main() -> None:
    serve(convert)
