"""Artifacts that say something of themselves, and readers that say what a test wants."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from rollbook.artifact.formats import reading
from rollbook.records.signature import Column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pytest

    from rollbook.artifact.formats.contents import Contents


def safetensors(tensors: Mapping[str, Sequence[int]], metadata: Mapping[str, str] | None = None) -> bytes:
    """A file of tensors of float32, by their names and shapes: https://github.com/huggingface/safetensors."""
    header: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    end = 0
    for name, shape in tensors.items():
        start, end = end, end + 4 * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": [*shape], "data_offsets": [start, end]}
    head = json.dumps(header).encode()
    return len(head).to_bytes(8, "little") + head + bytes(end)


XGBOOST = json.dumps({"learner": {"gradient_booster": {}, "learner_model_param": {}}}).encode()


def columns(**dtypes: str) -> tuple[Column, ...]:
    """Columns of a table: `income="float32"`."""
    return tuple(Column(name, dtype, (-1,)) for name, dtype in dtypes.items())


def tensor(name: str, dtype: str, *shape: int) -> tuple[Column, ...]:
    """One half of a signature that is a tensor."""
    return (Column(name, dtype, shape),)


def says(monkeypatch: pytest.MonkeyPatch, form: str, contents: Contents) -> None:
    """Have the reader of a format find `contents` in whatever it is given."""
    monkeypatch.setitem(reading.READERS, form, lambda _: contents)  # type: ignore[arg-type]
