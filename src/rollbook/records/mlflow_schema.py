"""A signature as MLflow writes it: https://mlflow.org/docs/latest/ml/model/signatures.

Each half is JSON in a text: a list of columns, of one type each, or of tensors, with NumPy's types. A half of
which every entry is a column that MLflow has a type for is written as columns, else as tensors.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from rollbook.records.dtypes import dtype_of, name_in, numpy_name, word_for
from rollbook.records.signature import HALVES, Column, Illegible, shape_of
from rollbook.schema.explanation import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NESTED = re.compile(r"array\((?P<items>.+)\)|map\(string,(?P<values>.+)\)")
_DEEPEST = 8
_WITHOUT_WORD = ("object", "any")  # which other forms have no type for


def as_mlflow(inputs: Sequence[Column], outputs: Sequence[Column]) -> dict[str, Any]:
    """Return a signature as MLflow's `ModelSignature.from_dict` takes it. Raises Illegible, naming the
    column, for a type that MLflow does not have."""
    halves = zip(HALVES, (inputs, outputs), strict=True)
    return {half: json.dumps(_written(columns)) if columns else None for half, columns in halves} | {
        "params": None
    }


def of_mlflow(document: Mapping[str, Any]) -> dict[str, tuple[Column, ...]]:
    """Return the halves of a signature that MLflow wrote, of a text of JSON each. What has no name is called
    `input` or `output`, with its place where there are several. Raises Illegible."""
    return {half: _read(document.get(half), half) for half in HALVES}


def parameters_of(document: Mapping[str, Any]) -> dict[str, str]:
    """Return what may be given beside the inputs of a signature that MLflow wrote: names, each with its type.
    Raises Illegible."""
    items = _items(document.get("params"), "params")
    return {str(item.get("name", "")): _word(item, "params", 1) for item in items}


def _written(columns: Sequence[Column]) -> list[dict[str, Any]]:
    types = [_type_of(column.dtype, 1) if column.shape in (None, (-1,)) else None for column in columns]
    if all(types):
        pairs = zip(columns, types, strict=True)
        return [{**(kind or {}), "name": column.name, "required": column.required} for column, kind in pairs]
    return [_tensor(column) for column in columns]


def _tensor(column: Column) -> dict[str, Any]:
    if (dtype := numpy_name(column.dtype)) is None:
        raise Illegible(f"MLflow has no type for {shown(column.name)}, which is {shown(column.dtype)}")
    shape = [-1] if column.shape is None else [*column.shape]
    return {"type": "tensor", "name": column.name, "tensor-spec": {"dtype": dtype, "shape": shape}}


def _type_of(dtype: str, depth: int) -> dict[str, Any] | None:
    """Return MLflow's type of a column: a word, or an array or a map of such; None where it has none."""
    if (nested := _NESTED.fullmatch(dtype)) is None or depth > _DEEPEST:
        word = name_in("mlflow", dtype)
        return {"type": word} if word else None
    kind, key = ("array", "items") if nested["items"] else ("map", "values")
    inner = _type_of(nested["items"] or nested["values"], depth + 1)
    return {"type": kind, key: inner} if inner else None


def _items(text: object, half: str) -> list[dict[str, Any]]:
    try:
        items = json.loads(text) if isinstance(text, str) else text or []
    except (ValueError, RecursionError) as error:
        raise Illegible(f"its {half} are not JSON") from error
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Illegible(f"its {half} are no list of columns")
    return items


def _read(text: object, half: str) -> tuple[Column, ...]:
    items = _items(text, half)
    one = half.removesuffix("s")
    unnamed = [one] if len(items) == 1 else [f"{one}_{place}" for place in range(len(items))]
    return tuple(_column(item, name, half) for item, name in zip(items, unnamed, strict=True))


def _column(item: Mapping[str, Any], unnamed: str, half: str) -> Column:
    name = str(item.get("name") or unnamed)
    required = item.get("required") is not False and item.get("optional") is not True
    if item.get("type") != "tensor":
        return Column(name, _word(item, half, 1), (-1,), required)
    tensor = item.get("tensor-spec")
    if not isinstance(tensor, dict) or not isinstance(tensor.get("dtype"), str):
        raise Illegible(f"one of its {half} can't be read")
    return Column(name, word_for(tensor["dtype"]), shape_of(tensor.get("shape"), half), required)


def _word(item: Mapping[str, Any], half: str, depth: int) -> str:
    kind = item.get("type")
    inner = item.get("items" if kind == "array" else "values")
    if depth > _DEEPEST:
        raise Illegible(f"a type in its {half} has more than {_DEEPEST} types in one another")
    if kind in ("array", "map") and isinstance(inner, dict):
        nested = _word(inner, half, depth + 1)
        return f"array({nested})" if kind == "array" else f"map(string,{nested})"
    word = dtype_of("mlflow", kind) if isinstance(kind, str) else None
    if word is None and kind not in _WITHOUT_WORD:
        raise Illegible(f"one of its {half} has no type that can be read")
    return word or str(kind)
