"""A signature as the Open Inference Protocol tells it in a model's metadata, which servers such as KServe,
Triton and MLServer answer: https://github.com/kserve/open-inference-protocol.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook.records.dtypes import dtype_of, name_in
from rollbook.records.signature import HALVES, Column, Illegible, shape_of
from rollbook.schema.explanation import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def as_open_inference(inputs: Sequence[Column], outputs: Sequence[Column]) -> dict[str, Any]:
    """Return the `inputs` and `outputs` of a model's metadata; what no shape is told of is a column. Raises
    Illegible, naming the column, for a type that the protocol does not have."""
    return {"inputs": [*map(_tensor, inputs)], "outputs": [*map(_tensor, outputs)]}


def of_open_inference(document: Mapping[str, Any]) -> dict[str, tuple[Column, ...]]:
    """Return the halves of a signature in a model's metadata. Raises Illegible."""
    return {half: tuple(_column(item, half) for item in _items(document, half)) for half in HALVES}


def _tensor(column: Column) -> dict[str, Any]:
    if (datatype := name_in("open_inference", column.dtype)) is None:
        which = f"{shown(column.name)}, which is {shown(column.dtype)}"
        raise Illegible(f"the Open Inference Protocol has no type for {which}")
    shape = [-1] if column.shape is None else [*column.shape]
    return {"name": column.name, "datatype": datatype, "shape": shape}


def _items(document: Mapping[str, Any], half: str) -> list[Any]:
    items = document.get(half) or []
    if not isinstance(items, list):
        raise Illegible(f"its {half} are no list")
    return items


def _column(item: object, half: str) -> Column:
    name = item.get("name") if isinstance(item, dict) else None
    if not isinstance(item, dict) or not isinstance(name, str) or not isinstance(item.get("datatype"), str):
        raise Illegible(f"one of its {half} can't be read")
    if (word := dtype_of("open_inference", item["datatype"])) is None:
        raise Illegible(f"the Open Inference Protocol has no type {shown(item['datatype'])}")
    return Column(name, word, shape_of(item.get("shape"), half))
