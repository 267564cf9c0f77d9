"""The words for data types in a signature, and what ONNX, NumPy, PyTorch, MLflow and others call the same.

They are NumPy's names, and those of `ml_dtypes` for what NumPy has none of. The sources: ONNX's
TensorProto.DataType (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), safetensors' Dtype
(https://github.com/huggingface/safetensors#format), MLflow's DataType
(https://mlflow.org/docs/latest/ml/model/signatures), the tensor types of the Open Inference Protocol
(https://github.com/kserve/open-inference-protocol), TensorFlow's types.proto.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Dtype:
    """A word, and the names of the same elsewhere; empty, or 0, where there is none. MLflow's is that of a
    column; of tensors it writes NumPy's names."""

    name: str
    onnx: int = 0
    safetensors: str = ""
    mlflow: str = ""
    open_inference: str = ""
    tensorflow: int = 0
    gguf: str = ""


DTYPES = (
    Dtype("bool", 9, "BOOL", "boolean", "BOOL", 10),
    Dtype("int8", 3, "I8", "", "INT8", 6),
    Dtype("int16", 5, "I16", "", "INT16", 5),
    Dtype("int32", 6, "I32", "integer", "INT32", 3),
    Dtype("int64", 7, "I64", "long", "INT64", 9),
    Dtype("uint8", 2, "U8", "", "UINT8", 4),
    Dtype("uint16", 4, "U16", "", "UINT16", 17),
    Dtype("uint32", 12, "U32", "", "UINT32", 22),
    Dtype("uint64", 13, "U64", "", "UINT64", 23),
    Dtype("float16", 10, "F16", "", "FP16", 19),
    Dtype("bfloat16", 16, "BF16", "", "BF16", 14),
    Dtype("float32", 1, "F32", "float", "FP32", 1),
    Dtype("float64", 11, "F64", "double", "FP64", 2),
    Dtype("complex64", 14, "C64", "", "", 8),
    Dtype("complex128", 15, "", "", "", 18),
    Dtype("float8_e4m3fn", 17, "F8_E4M3", "", "", 25),
    Dtype("float8_e4m3fnuz", 18, "", "", "", 26),
    Dtype("float8_e5m2", 19, "F8_E5M2", "", "", 24),
    Dtype("float8_e5m2fnuz", 20, "", "", "", 28),
    Dtype("uint4", 21, "", "", "", 30),
    Dtype("int4", 22, "", "", "", 29),
    Dtype("float4_e2m1fn", 23, "F4"),
    Dtype("float8_e8m0fnu", 24, "F8_E8M0"),
    Dtype("uint2", 25),
    Dtype("int2", 26),
    Dtype("float6_e2m3fn", 27, "F6_E2M3"),
    Dtype("float6_e3m2fn", 28, "F6_E3M2"),
    Dtype("string", 8, "", "string", "BYTES", 7),
    Dtype("binary", 0, "", "binary", "", 0),
    Dtype("datetime", 0, "", "datetime", "", 0),
)

# What people and libraries write besides. `float` and `int` are Python's own, which NumPy and pandas take for
# 64 bits; MLflow's column types of the same names are in the table, and are asked for by `dtype_of_mlflow`.
_ALIASES: Mapping[str, str] = {
    "bool_": "bool",
    "boolean": "bool",
    "byte": "int8",
    "short": "int16",
    "int": "int64",
    "long": "int64",
    "half": "float16",
    "single": "float32",
    "float": "float64",
    "double": "float64",
    "complex": "complex128",
    "bf16": "bfloat16",
    **{f"f{bits}": f"float{bits}" for bits in (16, 32, 64)},
    **{f"fp{bits}": f"float{bits}" for bits in (16, 32, 64)},
    **{f"i{bits}": f"int{bits}" for bits in (16, 32, 64)},
    **{f"u{bits}": f"uint{bits}" for bits in (16, 32, 64)},
    "halffloat": "float16",  # Arrow's
    "str": "string",
    "text": "string",
    "utf8": "string",
    "unicode": "string",
    "object": "string",  # what pandas calls a column of texts
    "large_string": "string",
    "string_view": "string",
    "bytes": "binary",
    "large_binary": "binary",
    "binary_view": "binary",
    "date": "datetime",
    "timestamp": "datetime",
    "datetime64": "datetime",
}
# PyTorch's own short names are of C's sizes.
_TORCH: Mapping[str, str] = {"torch.float": "float32", "torch.int": "int32", "torch.cfloat": "complex64"}
_NAMES = frozenset(dtype.name for dtype in DTYPES)
_LIBRARIES = re.compile(r"(?:torch|numpy|np|tf|jnp|pd|pl|pa|ml_dtypes)\.")
_ONNX_TEXT = re.compile(r"tensor\((\w+)\)")
# How ONNX writes types in text: https://github.com/onnx/onnx/blob/main/docs/Operators.md
_ONNX_WORDS: Mapping[str, str] = {
    "float": "float32",
    "double": "float64",
    "float8e4m3fn": "float8_e4m3fn",
    "float8e4m3fnuz": "float8_e4m3fnuz",
    "float8e5m2": "float8_e5m2",
    "float8e5m2fnuz": "float8_e5m2fnuz",
    "float8e8m0": "float8_e8m0fnu",
    "float6e2m3": "float6_e2m3fn",
    "float6e3m2": "float6_e3m2fn",
    "float4e2m1": "float4_e2m1fn",
}
# A time with a unit or a zone, as pandas and Arrow write it.
_TIME = re.compile(r"(?:datetime64|timestamp|date32|date64)(?:\[[^\]]*\])?")
# NumPy's short form, which only with the order of its bytes in front means one type; and what is of a length.
_SHORT = re.compile(r"[<>=|](?P<kind>[biufcSU])(?P<bytes>[0-9]+)(?:\[\w+\])?")
_TEXTS = re.compile(r"(?P<kind>str|string|bytes|fixed_size_binary)(?:[0-9]+|\[\w+\])")
_SHORT_KINDS = {"b": "bool", "i": "int", "u": "uint", "f": "float", "c": "complex"}
_KINDS = {
    "bool": "bool",
    "int": "integer",
    "uint": "integer",
    "float": "float",
    "bfloat": "float",
    "complex": "complex",
}
# How NumPy calls what it has no number type for, and what `ml_dtypes` has to add to it.
_NUMPY = {"string": "str", "binary": "bytes", "datetime": "datetime64[ns]"}
_ADDED = re.compile(r"bfloat16|u?int[24]|float[468]_\w+")

Naming = Literal["onnx", "safetensors", "mlflow", "open_inference", "tensorflow"]


def dtype_of(naming: Naming, name: str | int) -> str | None:
    """Return the word for what a format or tool calls `name`, by number or text; None where there is none.

    `mlflow` has the types of columns; of tensors it writes NumPy's names, which `word_for` reads.
    """
    return _BY_NAME[naming].get(name) if name else None


def name_in(naming: Naming, word: str) -> str | int | None:
    """Return what a format or tool calls a word of the vocabulary; None where it has no such type."""
    return next((getattr(dtype, naming) or None for dtype in DTYPES if dtype.name == word), None)


def numpy_name(word: str) -> str | None:
    """Return NumPy's own name of a word of the vocabulary; None for what is no word, and for what only
    `ml_dtypes` adds."""
    return _NUMPY.get(word, word) if word in _NAMES and not _ADDED.fullmatch(word) else None


def word_for(text: str) -> str:
    """Return the word of the vocabulary for a data type as people, NumPy, pandas, PyTorch or ONNX write it;
    the text itself where there is none, and where it may mean two of them, such as `i8`."""
    trimmed = text.strip()
    plain = " ".join(trimmed.lower().split())
    if named := _ONNX_TEXT.fullmatch(plain):
        word = _ONNX_WORDS.get(named[1], named[1])
        return word if word in _NAMES else text
    if short := _SHORT.fullmatch(trimmed):
        return _short_word(short["kind"], int(short["bytes"])) or text
    plain = _TORCH.get(plain) or _LIBRARIES.sub("", plain, count=1)
    if plain in _NAMES:
        return plain
    if _TIME.fullmatch(plain):
        return "datetime"
    if sized := _TEXTS.fullmatch(plain):
        return "string" if sized["kind"].startswith("str") else "binary"
    return _ALIASES.get(plain, text)


def arrow_word(text: str) -> str:
    """Return the word for a type of Apache Arrow's by its text: its `float` has 32 bits."""
    return "float32" if text == "float" else word_for(text)


def kind_of(word: str) -> str:
    """Return what kind of values a word has, whatever their size: `bool`, `integer`, `float`, `complex`,
    `string`, `binary` or `datetime`; empty for what is no word of the vocabulary."""
    if word not in _NAMES:
        return ""
    return _KINDS.get(re.split(r"[0-9]", word)[0], word)


def _short_word(kind: str, size: int) -> str | None:
    """Return the word for NumPy's kind of a type (https://numpy.org/doc/stable/reference/arrays.dtypes.html)
    and its size in bytes."""
    others = {"U": "string", "S": "binary"}
    if kind in others:
        return others[kind]
    if kind == "b":
        return "bool"
    word = f"{_SHORT_KINDS[kind]}{size * 8}"
    return word if word in _NAMES else None


_BY_NAME: Mapping[Naming, Mapping[str | int, str]] = {
    naming: {name: dtype.name for dtype in DTYPES if (name := getattr(dtype, naming))}
    for naming in get_args(Naming)
}
