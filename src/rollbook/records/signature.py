"""A model's signature: its inputs and outputs, each a column of a table or a tensor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Column:
    """An input or an output: a column, or a tensor. `shape` is None where it is not told: any; -1 in it is a
    size that is not fixed. `dtype` is a word of `records/dtypes.py`, or as a framework writes it."""

    name: str
    dtype: str
    shape: tuple[int, ...] | None
    required: bool = True

    def as_mapping(self) -> dict[str, Any]:
        """Return it as a manifest writes it."""
        shape = {} if self.shape is None else {"shape": [*self.shape]}
        return {
            "name": self.name,
            "dtype": self.dtype,
            **shape,
            **({} if self.required else {"required": False}),
        }
