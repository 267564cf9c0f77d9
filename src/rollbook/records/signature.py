"""A model's signature: its inputs and outputs, each a column of a table or a tensor."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rollbook.records.dtypes import word_for
from rollbook.schema.explanation import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

HALVES = ("inputs", "outputs")


class Illegible(Exception):
    """A signature that can't be read, or not be written in another form: its text says why."""


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


def columns(signature: Mapping[str, Any], half: str) -> dict[str, Column]:
    """Return one half of a manifest's `signature` by the columns' names, with their types in the words of the
    vocabulary. Raises Illegible where it is not as the schema asks, or names a column twice."""
    by_name: dict[str, Column] = {}
    for column in columns_of(signature, half):
        if column.name in by_name:
            raise Illegible(f"its {half} name {shown(column.name)} twice")
        by_name[column.name] = replace(column, dtype=word_for(" ".join(column.dtype.lower().split())))
    return by_name


def columns_of(signature: Mapping[str, Any], half: str) -> tuple[Column, ...]:
    """Return one half of a manifest's `signature`. Raises Illegible where it is not as the schema asks."""
    items = signature.get(half) or []
    if not isinstance(items, list):
        raise Illegible(f"its {half} are no list")
    return tuple(_column(item, half) for item in items)


def _column(item: object, half: str) -> Column:
    if not isinstance(item, dict):
        raise Illegible(f"one of its {half} can't be read")
    name, dtype, shape = item.get("name"), item.get("dtype"), item.get("shape")
    required = item.get("required", True)
    if not isinstance(name, str) or not isinstance(dtype, str) or not isinstance(required, bool):
        raise Illegible(f"one of its {half} can't be read")
    return Column(name, dtype, None if shape is None else shape_of(shape, half), required)


def shape_of(shape: object, half: str) -> tuple[int, ...]:
    """Return a shape. Raises Illegible for what is no list of whole numbers."""
    if not isinstance(shape, list) or not all(type(size) is int for size in shape):
        raise Illegible(f"one of its {half} can't be read")
    return tuple(shape)
