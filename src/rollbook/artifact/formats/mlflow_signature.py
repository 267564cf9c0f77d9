"""The signature in an `MLmodel`: JSON texts in YAML (https://mlflow.org/docs/latest/ml/model/signatures)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook.artifact.formats.bounded_json import read_json
from rollbook.artifact.formats.contents import Broken
from rollbook.records.dtypes import DTYPES
from rollbook.records.signature import Column

if TYPE_CHECKING:
    from rollbook.artifact.formats.contents import Scalar

_WORDS = {dtype.mlflow: dtype.name for dtype in DTYPES if dtype.mlflow}
_DEEPEST = 8


def read_columns(text: object, half: str) -> tuple[Column, ...] | None:
    """Read the inputs or outputs; None where none are told. What has no name is called as `half` is, with its
    place where there are several. Raises Broken."""
    if text is None:
        return None
    columns = _list(text, half)
    names = [half] if len(columns) == 1 else [f"{half}_{number}" for number in range(len(columns))]
    return tuple(_column(column, name) for column, name in zip(columns, names, strict=True))


def read_parameters(text: object) -> dict[str, Scalar | list[Scalar]]:
    """Read what may be given beside the inputs: names, each with its type. Raises Broken."""
    if text is None:
        return {}
    return {
        str(parameter.get("name", ""))[:200]: _word(parameter.get("type"))
        for parameter in _list(text, "params")[:100]
    }


def _list(text: object, what: str) -> list[dict[str, Any]]:
    if not isinstance(text, str):
        raise Broken(f"the {what} of its signature is no JSON text")
    value = read_json(text.encode(errors="replace"), f"the {what} of its signature")
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise Broken(f"the {what} of its signature is no list")
    return value


def _column(column: dict[str, Any], unnamed: str) -> Column:
    name = str(column.get("name") or unnamed)
    required = column.get("required") is not False and column.get("optional") is not True
    if column.get("type") != "tensor":
        return Column(name, _type(column, 1), None, required)
    tensor = column.get("tensor-spec")
    shape = tensor.get("shape") if isinstance(tensor, dict) else None
    if not isinstance(tensor, dict) or not isinstance(shape, list):
        raise Broken(f"the tensor {name[:80]!r} of its signature has no shape")
    if not all(type(size) is int for size in shape):
        raise Broken(f"the shape of the tensor {name[:80]!r} is no list of whole numbers")
    return Column(name, str(tensor.get("dtype", "")), tuple(shape), required)


def _type(value: dict[str, Any], depth: int) -> str:
    """Return the word of a column's type: `array(string)`, `map(string,int64)`, `object`, or a scalar's."""
    if depth > _DEEPEST:
        raise Broken(f"a type in its signature has more than {_DEEPEST} types in one another")
    kind = value.get("type")
    inner = value.get("items" if kind == "array" else "values")
    if kind not in ("array", "map") or not isinstance(inner, dict):
        return _word(kind)
    word = _type(inner, depth + 1)
    return f"array({word})" if kind == "array" else f"map(string,{word})"


def _word(kind: object) -> str:
    return _WORDS.get(str(kind), str(kind)[:64])
