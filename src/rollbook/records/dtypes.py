"""The words for data types in a signature, and what ONNX, NumPy, PyTorch, MLflow and others call the same.

They are NumPy's names, and those of `ml_dtypes` for what NumPy has none of. The sources: ONNX's
TensorProto.DataType (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), safetensors' Dtype
(https://github.com/huggingface/safetensors#format), MLflow's DataType
(https://mlflow.org/docs/latest/ml/model/signatures), the tensor types of the Open Inference Protocol
(https://github.com/kserve/open-inference-protocol), TensorFlow's types.proto.
"""

from __future__ import annotations

from dataclasses import dataclass


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
    Dtype("float8_e5m2fnuz", 20, "", "", "", 27),
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
